"""How many lines the stored bookings' JSON has, counted by the bulk."""

from __future__ import annotations

from io import BytesIO

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import json as arrow_json

from ticketsource_pipeline.frames.sales import line_count

_LINES_ONLY = pa.schema([("attributes", pa.struct([("lines", pa.list_(pa.struct([])))]))])


def raw_line_count(payloads: pd.Series) -> int:
    """Return how many lines the bookings of payloads have in all.

    Arrow reads them at once, each payload being one line of text; where one is not as the vendor's
    document has it, they are read one by one.
    """
    if payloads.empty:
        return 0
    content = "\n".join(payloads.tolist()).encode()
    try:
        table = arrow_json.read_json(
            BytesIO(content),
            # One block, or a booking may lie across two; in this thread (see `store/parquet.py`).
            read_options=arrow_json.ReadOptions(use_threads=False, block_size=len(content) + 1),
            parse_options=arrow_json.ParseOptions(
                explicit_schema=_LINES_ONLY, unexpected_field_behavior="ignore"
            ),
        )
    except pa.ArrowInvalid:
        return sum(line_count(payload) for payload in payloads)
    lengths = pc.list_value_length(pc.struct_field(table["attributes"], "lines"))
    return pc.sum(lengths, min_count=0).as_py()
