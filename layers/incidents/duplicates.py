"""Exact duplicates: the same identifier, time, class and place; without identifiers, rows equal in every column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ..columns.hashes import hash_texts, maybe_repeated
from ..columns.values import to_text
from .sources import Source

_ALIKE = ["time", "category", "x", "y"]
LOOKED_AT = ["incident_id", *_ALIKE, "part", "place"]
"""Columns `find_duplicates` needs."""

_SEED = 0

RawRows = Callable[[int, np.ndarray], pd.Series]
"""(table number, row places in it) -> each row, whole, as one text."""


@dataclass(frozen=True)
class Duplicates:
    """`table`: indexed like the rows looked at, one row per duplicate: `kept` (index of the first of them), `same_id`.

    `n_alike`: rows left that share their identifier with another one but differ in time, class or place.
    """

    table: pd.DataFrame
    n_alike: int


def find_duplicates(frame: pd.DataFrame, raw_rows: RawRows) -> Duplicates:
    """The later of equal rows.

    Parameters
    ----------
    frame : good rows with the columns `LOOKED_AT`, in reading order.
    raw_rows : asked only for rows without an identifier that are alike in time, class and place.
    """
    nameless = frame[(frame["incident_id"] == "").to_numpy(bool)]
    again = frame[repeated(frame["incident_id"])]
    same_id = _later(again, ["incident_id", *_ALIKE], same_id=True)
    rest = again["incident_id"].drop(same_id.index)
    return Duplicates(pd.concat([same_id, _by_row(nameless, raw_rows)]).sort_index(), int(repeated(rest).sum()))


def repeated(identifiers: pd.Series) -> np.ndarray:
    """Mask of the identifiers that occur more than once; blank ones never do."""
    mask = np.zeros(len(identifiers), bool)
    filled = np.flatnonzero((identifiers != "").to_numpy(bool))
    text = pa.array(identifiers if len(filled) == len(mask) else identifiers.iloc[filled], pa.large_string())
    text = text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
    suspects = filled[maybe_repeated(hash_texts(text, _SEED))]
    where, distinct = pd.factorize(identifiers.iloc[suspects])  # hashes only tell where to look
    mask[suspects] = (np.bincount(where, minlength=len(distinct)) > 1)[where] if len(where) else False
    return mask


def _by_row(frame: pd.DataFrame, raw_rows: RawRows) -> pd.DataFrame:
    alike = frame[frame.duplicated(_ALIKE, keep=False)]
    whole = pd.Series("", index=alike.index, dtype=object)
    for part, rows in alike.groupby("part"):
        whole[rows.index] = raw_rows(int(part), rows["place"].to_numpy()).to_numpy()
    return _later(alike.assign(whole=whole), [*_ALIKE, "whole"], same_id=False)


def _later(frame: pd.DataFrame, keys: list[str], *, same_id: bool) -> pd.DataFrame:
    """All but the first of the rows equal in *keys*."""
    later = frame.duplicated(keys).to_numpy()
    if not later.any():
        return pd.DataFrame({"kept": pd.Series(dtype="int64"), "same_id": pd.Series(dtype=bool)})
    first = (
        pd.Series(frame.index, index=frame.index).groupby([frame[key] for key in keys], dropna=False).transform("first")
    )
    return pd.DataFrame({"kept": first[later].astype("int64"), "same_id": same_id}, index=frame.index[later])


def whole_rows(source: Source, places: np.ndarray) -> pd.Series:
    """Each of the rows at *places*, with the names of its columns, as one text."""
    table = source.load(None).table.take(pa.array(places))
    names = sorted(table.column_names)
    wide = partial(pa.scalar, type=pa.large_string())
    cells = [pc.binary_join_element_wise(wide(name), to_text(table[name])[0], wide("\x1f")) for name in names]
    return pc.binary_join_element_wise(*cells, wide("\x1e")).to_pandas()
