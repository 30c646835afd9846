"""The division before, from a file of its own: put together with today's into one table of versions."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ...errors import Notice
from ..coordinates import reproject
from ..refusals import refusal
from . import names
from .files import read_polygons
from .names import Columns
from .versions import days_of

FROM, TO = "valid_from", "valid_to"


def with_former(
    now: gpd.GeoDataFrame,
    where: str,
    path: str | Path,
    *,
    columns: dict[str, str] | None = None,
    crs: str | None = None,
    since: str | None = None,
) -> tuple[gpd.GeoDataFrame, list[Notice]]:
    """Today's rows and after them those of the file *path*, under today's names of columns and in its system.

    The new cells count from the day *since*, and the old ones until it; where it is not given, from the first day of
    validity today's file names, else from the last one of the other file. Days a file gives for itself stand. Cells
    that did not change are one row each, as in a file that keeps both divisions.
    Raises InputError as `read_polygons` does, and where the day of the change is nowhere to be found.
    """
    own = Path(str(path)).name
    then, notices = read_polygons(path, crs=crs)
    then = reproject(then, now.crs)
    today, before = names.find_columns(now, columns, where), names.find_columns(then, _known(then, columns), own)
    start, end = today.valid_from or FROM, today.valid_to or TO
    then = then.rename(columns={**_renaming(today, before), before.valid_from: start, before.valid_to: end})
    now, then = (_with_days(*given, start, end) for given in ((now, where), (then, own)))
    day = _day_of_change(now[start], then[end], since, own)
    now[start], then[end] = now[start].fillna(day), then[end].fillna(day)
    old, new = _unchanged(then, now, today.cell_id, start, end)
    now.iloc[new, now.columns.get_loc(start)] = then[start].to_numpy()[old]
    changed = then.drop(index=then.index[old])
    return gpd.GeoDataFrame(pd.concat([now, changed], ignore_index=True), geometry="geometry", crs=now.crs), notices


def _known(table: gpd.GeoDataFrame, columns: dict[str, str] | None) -> dict[str, str]:
    """Of the columns the user named those this file has; the others are found by known names."""
    here = {names.plain(name) for name in table.columns}
    given = {part: [name.strip() for name in text.split(",")] for part, text in (columns or {}).items() if text}
    return {part: ",".join(wanted) for part, wanted in given.items() if {names.plain(n) for n in wanted} <= here}


def _renaming(today: Columns, before: Columns) -> dict[str, str]:
    """Column of the other file -> today's for the same part."""
    parts = ("cell_id", "cell_name", "link", "population", "responsible", "role")
    pairs = [(getattr(before, part), getattr(today, part)) for part in parts]
    uppers = {upper.word: upper for upper in today.uppers}
    for upper in before.uppers:
        if upper.word in uppers:
            pairs += [(upper.code, uppers[upper.word].code), (upper.name, uppers[upper.word].name)]
    return {old: new for old, new in pairs if old and new}


def _with_days(table: gpd.GeoDataFrame, where: str, start: str, end: str) -> gpd.GeoDataFrame:
    """*table* with both columns of validity as days, NaT where they are open or not told."""
    never = np.full(len(table), np.datetime64("NaT", "us"))
    days = {name: days_of(table, name, where) if name in table else never for name in (start, end)}
    return table.assign(**days)


def _day_of_change(starts: pd.Series, ends: pd.Series, since: str | None, where: str) -> pd.Timestamp:
    if since:
        try:
            return pd.Timestamp(since).as_unit("us")
        except ValueError as error:
            raise refusal("E-CELL-110", where="--cells-since", text=since[:40]) from error
    day = starts.min() if starts.notna().any() else ends.max()
    if pd.isna(day):
        raise refusal("E-CELL-109", where=where)
    return pd.Timestamp(day)


def _unchanged(
    then: gpd.GeoDataFrame, now: gpd.GeoDataFrame, code: str, start: str, end: str
) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers, before and today, of the cells that went on as they were: same code, ground and all that is told."""
    told = [name for name in then.columns if name in now.columns and name not in ("geometry", start, end)]
    keys = [pd.DataFrame({name: names.as_names(table[name]) for name in told}) for table in (then, now)]
    both = keys[0].reset_index(names="old").merge(keys[1].reset_index(names="new"), on=told)
    both = both[both[code] != ""]
    old, new = both["old"].to_numpy(), both["new"].to_numpy()
    same = shapely.equals_exact(then.geometry.to_numpy()[old], now.geometry.to_numpy()[new], 0.0)
    same &= then[end].to_numpy()[old] == now[start].to_numpy()[new]
    return old[same], new[same]
