"""Parquet and GeoParquet by Arrow: the schema, or some columns of all rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ...errors import InputError
from ..refusals import refusal

_FEW_ROWS, _DENSEST = 1_000_000, 10
"""Rows that are always welcome, and rows per byte beyond which nothing but repetition can be in a file."""


def parse(order: dict[str, Any]) -> tuple[dict[str, Any], list[pa.Table]]:
    """({}, [table]); a table without rows tells the schema, and what the file says of it, where `columns` is None."""
    try:
        file = pq.ParquetFile(order["place"])
        schema = file.schema_arrow
        _check_rows(file.metadata.num_rows, Path(order["place"]).stat().st_size, order["name"])
        table = schema.empty_table() if order["columns"] is None else file.read(columns=order["columns"])
        table.validate(full=True)
        table = _spelt_out(table)
    except InputError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise refusal("E-LAYER-005", where=order["name"]) from error
    return {}, [table.replace_schema_metadata(schema.metadata)]


def _check_rows(n_rows: int, size: int, where: str) -> None:
    if n_rows > max(_FEW_ROWS, _DENSEST * size):
        raise refusal("E-LAYER-006", where=where, n_rows=n_rows, size=size)


def _spelt_out(table: pa.Table) -> pa.Table:
    """Values in place of numbers of a dictionary: what would swell in the parent is to swell here."""
    for number, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(number, field.name, table.column(number).cast(field.type.value_type))
    return table
