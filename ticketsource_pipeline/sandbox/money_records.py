"""The Booking object and its lines of money, in pence until written; no other object lives here."""

from dataclasses import dataclass, replace
from fractions import Fraction

from ticketsource_pipeline.sandbox.records import API_ROOT, Record, amount_number, amount_pence

NO_FEE = frozenset({"CASH", "CARD", "CHEQUE", "FREE"})


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a booking; amounts in pence, net is gross less fee less VAT on the fee."""

    line_type: str
    gross: int
    created_at: str
    payment_method: str = "TS"
    fee: int = 0
    fee_vat: int = 0
    is_refund: bool = False
    updated_at: str | None = None
    automatic_discount: int = 0
    code: str | None = ""
    code_discount: int = 0
    gift_aid: bool | None = None

    def record(self) -> Record:
        """Return the line as the API writes it."""
        line: Record = {
            "line_type": self.line_type,
            "payment_method": self.payment_method,
            "is_refund": self.is_refund,
            "amount": {
                "gross": amount_number(self.gross),
                "fee": amount_number(self.fee),
                "fee_vat": amount_number(self.fee_vat),
                "net": amount_number(self.gross - self.fee - self.fee_vat),
                "discounts": {
                    "automatic": amount_number(self.automatic_discount),
                    "code": {
                        "description": self.code,
                        "amount": amount_number(self.code_discount),
                    },
                },
            },
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }
        if self.gift_aid is not None:
            line["donation"] = {"gift_aid": self.gift_aid}
        return line

    def refund(
        self, created_at: str, *, keep_fee: bool, fraction: Fraction = Fraction(1)
    ) -> "Line":
        """Return the line that gives this one back; what a customer asks for keeps the fee."""
        part = Fraction(0) if keep_fee else fraction
        return replace(
            self,
            gross=-round(self.gross * fraction),
            fee=-round(self.fee * part),
            fee_vat=-round(self.fee_vat * part),
            is_refund=True,
            created_at=created_at,
            updated_at=None,
            automatic_discount=0,
            code="",
            code_discount=0,
        )


def charged_line(line_type: str, gross: int, created_at: str, payment_method: str = "TS") -> Line:
    """Return a sale of `gross` pence; the fee is 6.5 % and 20 % VAT on it, none at the counter."""
    fee = 0 if payment_method in NO_FEE else (gross * 65 + 500) // 1000
    return Line(
        line_type=line_type,
        gross=gross,
        created_at=created_at,
        payment_method=payment_method,
        fee=fee,
        fee_vat=(fee + 2) // 5,
    )


def read_line(record: Record) -> Line:
    """Return the Line behind a line of the API, for a refund of what is there."""
    amount = record["amount"]
    return Line(
        line_type=record["line_type"],
        gross=amount_pence(amount["gross"]),
        created_at=record["created_at"],
        payment_method=record["payment_method"],
        is_refund=record["is_refund"],
        fee=amount_pence(amount["fee"]),
        fee_vat=amount_pence(amount["fee_vat"]),
        gift_aid=record.get("donation", {}).get("gift_aid"),
    )


def refund_rest(
    lines: list[Line], created_at: str, *, keep_fee: bool, fraction: Fraction = Fraction(1)
) -> list[Line]:
    """Return refund lines for a fraction of what the sales among the lines still hold."""
    refunded: dict[str, int] = {}
    for line in lines:
        if line.is_refund:
            refunded[line.line_type] = refunded.get(line.line_type, 0) - line.gross
    made: list[Line] = []
    for line in lines:
        if line.is_refund:
            continue
        gone = min(refunded.get(line.line_type, 0), line.gross)
        refunded[line.line_type] = refunded.get(line.line_type, 0) - gone
        # An amount of nothing has no refund line, and one partly gone keeps its fee.
        rest = replace(line, gross=line.gross - gone)
        refund = rest.refund(created_at, keep_fee=keep_fee or gone > 0, fraction=fraction)
        if refund.gross:
            made.append(refund)
    return made


def booking(
    booking_id: str,
    *,
    date_id: str,
    customer_id: str,
    reference: str,
    lines: list[Record],
    created_at: str,
    updated_at: str,
    third_party: str = "",
    consent_email: bool = False,
    booked_by: str = "",
) -> Record:
    """Return a Booking; its customer, date and seats are named by links only."""
    link = f"{API_ROOT}/bookings/{booking_id}"
    return {
        "id": booking_id,
        "type": "booking",
        "attributes": {
            "ref": reference,
            "lines": lines,
            "created_at": created_at,
            "updated_at": updated_at,
            "consent": {
                "third_party": third_party,
                "email": consent_email,
                "post": False,
                "sms": False,
            },
            "user_booked_by": booked_by,
        },
        "links": {
            "self": link,
            "seats": f"{link}/seats",
            "customer": f"{API_ROOT}/customers/{customer_id}",
            "date": f"{API_ROOT}/dates/{date_id}",
        },
    }
