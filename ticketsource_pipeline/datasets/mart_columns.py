"""Columns that several marts share, worded once."""

from ticketsource_pipeline.datasets.declaration import Column, ColumnType

MONEY, NUMBER, TEXT = ColumnType.MONEY, ColumnType.NUMBER, ColumnType.TEXT

MONTH = Column(
    "performance_month", TEXT, "The month its lines are filed under, `YYYY-MM`: the performance's."
)
GROSS = Column("gross", MONEY, "What customers paid, refunds taken off.")
FEE = Column("fee", MONEY, "The booking fees without VAT, refunds taken off.")
FEE_VAT = Column("fee_vat", MONEY, "The VAT on the fees, refunds taken off.")
NET = Column("net", MONEY, "What the organiser keeps, refunds taken off.")
REFUNDED_GROSS = Column("refunded_gross", MONEY, "The refunds' part of `gross`: zero, or negative.")
REFUNDED_NET = Column("refunded_net", MONEY, "The refunds' part of `net`: zero, or negative.")
SEATS_BOOKED = Column("seats_booked", NUMBER, "Seats that are booked and not cancelled.")
SEATS_CANCELLED = Column("seats_cancelled", NUMBER, "Seats that were given up.")
