"""`read_incidents`: any number of files -> one incident table, and an account that holds every row exactly once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyproj

from ...errors import AccountError, InputError, Notice
from ..columns.names import Mapping, find_columns, normal_name
from ..coordinates.systems import transformer
from ..points import make_points
from ..privacy import Privacy
from ..quality_report.words import FIXES
from ..refusals import refusal
from .duplicates import LOOKED_AT, Duplicates, find_duplicates, whole_rows
from .folders import expand, tell_drift
from .places import WGS84, parse_crs
from .rows import CODES, Part, few_words, read_part
from .rules import RULES, notice, quarantined
from .set_aside import duplicates_of, quarantine_of, set_aside_of
from .sources import Source, open_sources, split_layer
from .urls import is_url, shown_name

COLUMNS = [
    "incident_id",
    "time",
    "category",
    "severity",
    "source",
    "kind",
    "reported_time",
    "closed_time",
    "handler",
    "source_file",
    "source_row",
]
"""Columns of the incident table before `cell_code` (where there is one) and `geometry`."""

_EXCLUDED = CODES.index("P-CLASS-001")


@dataclass(frozen=True)
class FileRead:
    """How one table was read: its columns and what they were taken for, encoding, layout of the dates, rows."""

    name: str
    columns: tuple[str, ...]
    mapping: dict[str, str]
    encoding: str
    layout: str
    crs: str
    rows: int


@dataclass(frozen=True)
class Intake:
    """What came in, every row once: `rows_in` = incidents + quarantine + duplicates + excluded.

    incidents : GeoDataFrame of `COLUMNS`, `cell_code` where there is one, and point `geometry`. `source_row` is the row
        as a person counts: the header is row 1; GeoPackage, GeoJSON and Parquet have none, so their first row is 1.
    quarantine : `source_file, source_row, rule, reason, reason_en`. No value of a row is ever quoted.
    duplicates : `source_file, source_row, kept_file, kept_row, rule, reason, reason_en`.
    excluded : `source_file, source_row, rule`: classes that are not processed.
    mapping : role -> column, as `columns` would name them; where files differ, joined by " | ".
    dropped_columns : columns with personal data, left at the door.
    unplaced : like `incidents`, without geometry: rows of the quarantine without coordinates that bear a code;
        `layers.geocoding` brings those back whose unit exists. None where there are none.
    set_aside : `incident_id, time, category, source_file, source_row, rule` and point: rows of the quarantine and
        of the duplicates whose coordinates no rule objects to. None where the files were read in pieces.
    """

    incidents: gpd.GeoDataFrame
    quarantine: pd.DataFrame
    duplicates: pd.DataFrame
    excluded: pd.DataFrame
    rows_in: int
    notices: tuple[Notice, ...]
    mapping: dict[str, str]
    dropped_columns: list[str]
    files: tuple[FileRead, ...] = ()
    unplaced: gpd.GeoDataFrame | None = None
    set_aside: gpd.GeoDataFrame | None = None

    def __post_init__(self) -> None:
        found = len(self.incidents) + len(self.quarantine) + len(self.duplicates) + len(self.excluded)
        if found != self.rows_in:
            raise AccountError(
                f"{self.rows_in} rows came in and {found} are accounted for", where="read_incidents", fix="Report this."
            )


def read_incidents(
    paths: Sequence[str | Path],
    *,
    columns: dict[str, str] | None = None,
    crs: str | None = None,
    timezone: str = "Asia/Shanghai",
    duplicates: str = "drop",
    progress: Callable[[float, str], None] | None = None,
    privacy: Privacy | None = None,
    classes: dict[str, str] | None = None,
) -> Intake:
    """Read files of incidents; each is mapped by itself, so columns may drift from one to the next.

    Parameters
    ----------
    paths : files of any kind in `sources.KINDS` (a layer or sheet as `file.gpkg|layer`), also inside .zip or .gz;
        folders and patterns of such files; `postgresql://` URLs of tables (see `database`).
    columns : role -> column, for the roles `columns.names.ROLES`; several class columns comma separated. They win over
        known names. A named column has to be in at least one of the files.
    crs : coordinate system of x and y, or of a layer that names none. Default: degrees.
    timezone : where times without an offset are local.
    duplicates : `drop` or `keep` exact duplicates.
    progress : called with (fraction, "English|中文"); may raise `Cancelled`.
    privacy : class policy, and whether callers are dropped (the default) or replaced by pseudonyms.
    classes : old name of a class -> new name, also of the levels above; applied before anything else is judged.

    Raises
    ------
    InputError
        A file cannot be used, or no row is left. The message holds no value of a row.
    """
    if duplicates not in ("drop", "keep"):
        raise refusal("E-RUN-001", where="duplicates", given=duplicates)
    told, system = progress or _silent, parse_crs(crs)
    sources, about_files = _open_all(paths, told)
    mappings = _map_all(sources, {role: name for role, name in (columns or {}).items() if name}, system)
    parts = []
    for number, (source, mapping) in enumerate(zip(sources, mappings, strict=True)):
        told(0.1 + 0.7 * number / len(sources), f"Reading {source.name}|读取{source.name}")
        try:
            parts.append(read_part(source, mapping, timezone=timezone, crs=system, privacy=privacy, classes=classes))
        except pa.ArrowException as error:  # text that is no text inside a typed file
            raise refusal("E-FILE-019", where=source.name) from error
    told(0.8, "Looking for duplicates|查找重复")
    intake = _assemble(parts, duplicates, classes)
    told(1.0, f"{len(intake.incidents)} incidents|{len(intake.incidents)}条事件")
    return replace(intake, notices=(*about_files, *intake.notices))


def _silent(fraction: float, text: str) -> None:
    """Nobody listens."""
    del fraction, text


def _open_all(paths: Sequence[str | Path], told: Callable[[float, str], None]) -> tuple[list[Source], list[Notice]]:
    if isinstance(paths, str | Path):
        paths = [paths]
    if not paths:
        raise refusal("E-FILE-020", where="--incidents")
    paths, notices = expand(paths)
    places = [Path(shown_name(str(path))) if is_url(path) else split_layer(path)[0] for path in paths]
    shared = {name for name, n in Counter(place.name for place in dict.fromkeys(places)).items() if n > 1}
    sources = []
    for number, (path, place) in enumerate(zip(paths, places, strict=True)):
        name = f"{place.parent.name}/{place.name}" if place.name in shared else place.name
        told(0.1 * number / len(paths), f"Opening {name}|打开{name}")
        sources.extend(open_sources(path, name=name))
    return sources, [*notices, *tell_drift(sources)]


def _map_all(sources: list[Source], named: dict[str, str], system: Any) -> list[Mapping]:
    """The mapping of each table; a column the user named may be missing from some of them, not from all."""
    elsewhere = frozenset(role for role, name in named.items() if any(_has(s, name) for s in sources))
    planar = None if system is None else bool(system.is_projected)
    return [
        find_columns(s.columns, named, where=s.name, has_geometry=s.has_geometry, planar=planar, elsewhere=elsewhere)
        for s in sources
    ]


def _has(source: Source, name: str) -> bool:
    here = {normal_name(column) for column in source.columns}
    return normal_name(name) in here or all(normal_name(p) in here for p in name.replace("，", ",").split(","))


def _assemble(
    parts: list[Part], duplicates: str, classes: dict[str, str] | None = None, *, may_be_empty: bool = False
) -> Intake:
    crs = _common_crs(parts)
    frames = [_moved(part, number, crs) for number, part in enumerate(parts)]
    frame = pd.concat([_in_words(f) for f in frames], ignore_index=True) if len(frames) > 1 else frames[0]
    if not may_be_empty and not any(part.n_rows for part in parts):
        raise refusal("E-RUN-002", where=parts[0].source.name)
    verdicts = frame["verdict"].to_numpy()
    good = verdicts == 0
    looked_at = frame[LOOKED_AT] if good.all() else frame.loc[good, LOOKED_AT]
    with ThreadPoolExecutor(1) as beside:
        points = beside.submit(make_points, looked_at["x"].to_numpy(), looked_at["y"].to_numpy())
        found = find_duplicates(looked_at, lambda part, places: whole_rows(parts[part].source, places))
    dropped = found.table if duplicates == "drop" else found.table.iloc[:0]
    kept, shown = good.copy(), frame.drop(columns=["x", "y", "part", "place", "verdict"])
    kept[dropped.index] = False
    quarantine = quarantine_of(parts, frame[(verdicts != 0) & (verdicts != _EXCLUDED)])
    excluded = frame.loc[verdicts == _EXCLUDED, ["source_file", "source_row"]].assign(rule="P-CLASS-001")
    excluded["source_file"] = excluded["source_file"].astype("str")
    rows_in = sum(part.n_rows for part in parts)
    unplaced = _unplaced(frame, crs)
    if not kept.any() and unplaced is None and not may_be_empty:
        raise _nothing_left(parts, quarantine, len(excluded), rows_in)
    names = [name for part in parts for name in part.mapping.person]
    return Intake(
        incidents=_incidents(shown if kept.all() else shown[kept], crs, points.result()[kept[good]]),
        quarantine=quarantine,
        duplicates=duplicates_of(frame, dropped),
        excluded=excluded.reset_index(drop=True),
        rows_in=rows_in,
        notices=tuple(_notices(parts, quarantine, len(excluded), found, duplicates, classes)),
        mapping=_joined_mapping(parts),
        dropped_columns=list(dict.fromkeys(names)),
        files=tuple(_file_read(part) for part in parts),
        unplaced=unplaced,
        set_aside=None if may_be_empty else set_aside_of(frame, dropped, crs),
    )


def _unplaced(frame: pd.DataFrame, crs: Any) -> gpd.GeoDataFrame | None:
    """The rows set aside for want of coordinates alone that bear a code; None where there are none."""
    if "cell_code" not in frame:
        return None
    without = frame["verdict"].isin([CODES.index("E-COORD-001"), CODES.index("E-COORD-002")])
    rows = frame[without & frame["cell_code"].fillna("").ne("")]
    if rows.empty:
        return None
    return _incidents(rows, crs, np.full(len(rows), None))


def _common_crs(parts: list[Part]) -> Any:
    first = parts[0].crs
    return first if all(part.crs == first for part in parts) else pyproj.CRS(WGS84)


def _moved(part: Part, number: int, crs: Any) -> pd.DataFrame:
    """The part's rows in the common coordinate system, with the file they came from."""
    file = few_words([part.source.name], np.zeros(len(part.frame), np.int8))
    frame = part.frame.assign(source_file=file, part=number)
    if part.crs != crs:
        frame["x"], frame["y"] = transformer(part.crs, crs).transform(frame["x"], frame["y"])
        lost = (frame["verdict"] == 0) & ~(np.isfinite(frame["x"]) & np.isfinite(frame["y"]))
        frame.loc[lost, "verdict"] = CODES.index("E-COORD-003")
    return frame


def _in_words(frame: pd.DataFrame) -> pd.DataFrame:
    """*frame* with its categorical columns as text."""
    coded = {name: frame[name] for name in frame if isinstance(frame[name].dtype, pd.CategoricalDtype)}
    words = {
        name: pa.array(column.cat.categories, pa.large_string()).take(pa.array(column.cat.codes.to_numpy()))
        for name, column in coded.items()
    }
    return frame.assign(**{name: column.to_pandas().set_axis(frame.index) for name, column in words.items()})


def _incidents(kept: pd.DataFrame, crs: Any, points: np.ndarray) -> gpd.GeoDataFrame:
    """The incident table of rows and their points. A row without an identifier is called by its file and row."""
    nameless = (kept["incident_id"] == "").to_numpy(bool)
    if nameless.any():
        own = kept.loc[nameless, "source_file"].astype(str) + "#" + kept.loc[nameless, "source_row"].astype(str)
        kept = kept.assign(incident_id=kept["incident_id"].where(~nameless, own))
    asked = [name for name in ("cell_code", "text", "caller") if name in kept]
    table = _in_words(kept[[*COLUMNS, *asked]].reset_index(drop=True))
    table[asked] = table[asked].fillna("")
    return gpd.GeoDataFrame(table, geometry=points, crs=crs, copy=False)


def _nothing_left(parts: list[Part], quarantine: pd.DataFrame, n_excluded: int, rows_in: int) -> InputError:
    """Every row was set aside: name the commonest reason, where it first occurs, and its cure."""
    if n_excluded >= len(quarantine):
        rule, n, where = RULES["P-CLASS-001"], n_excluded, parts[0].source.name
    else:
        counts = quarantine["rule"].value_counts()
        rule, n = RULES[str(counts.index[0])], int(counts.iloc[0])
        first = quarantine[quarantine["rule"] == rule.code].iloc[0]
        where = f"{first['source_file']}, first in row {first['source_row']}"
        part = next(part for part in parts if part.source.name == first["source_file"])
        where += _column_of(rule.code, part.mapping)
    return refusal(
        "E-RUN-003",
        where=where,
        n=n,
        rows_in=rows_in,
        reason=rule.plural,
        reason_zh=rule.zh,
        fix=rule.fix,
        fix_zh=FIXES[rule.code],
    )


def _column_of(code: str, mapping: Mapping) -> str:
    roles = {"E-TIME": ("time",), "E-COORD": ("lon", "lat"), "E-CODE": ("id",)}.get(code.rpartition("-")[0], ())
    names = [mapping.columns[role] for role in roles if role in mapping.columns]
    return f", column {' and '.join(names)}" if names else ""


def _joined_mapping(parts: list[Part]) -> dict[str, str]:
    joined: dict[str, dict[str, None]] = {}
    for part in parts:
        for role, name in part.mapping.columns.items():
            joined.setdefault(role, {})[name] = None
    return {role: " | ".join(names) for role, names in joined.items()}


def _file_read(part: Part) -> FileRead:
    s = part.source
    system = part.crs.to_string() if part.crs is not None else ""
    return FileRead(s.name, s.columns, dict(part.mapping.columns), s.encoding, part.layout, system, part.n_rows)


def _notices(
    parts: list[Part],
    quarantine: pd.DataFrame,
    n_excluded: int,
    found: Duplicates,
    duplicates: str,
    classes: dict[str, str] | None = None,
) -> list[Notice]:
    """Everything there is to tell, each thing once."""
    told = [n for part in parts for n in part.notices]
    told += [notice("N-FILE-002", file=part.source.name) for part in parts if not part.n_rows]
    tally = sum((part.tally for part in parts), Counter[str]())
    told += [notice(code, n=tally[code]) for code in sorted(tally) if tally[code] and code != "N-CLASS-002"]
    for code, names in (("N-COL-001", "person"), ("N-COL-002", "free_text")):
        columns = list(dict.fromkeys(name for part in parts for name in getattr(part.mapping, names)))
        told += [notice(code, columns=", ".join(columns))] if columns else []
    renamed = sum((part.renamed for part in parts), Counter[str]())
    told += [notice("N-CLASS-005", n=n, old=old, new=(classes or {})[old]) for old, n in sorted(renamed.items())]
    told += [_choice(part, role) for part in parts for role in part.mapping.unused or {}]
    told += [_stand_in(part, role, named) for part in parts for role, named in part.mapping.absent]
    told += [notice("N-CLASS-002", n=n_excluded)] if n_excluded else []
    n_found = len(found.table)
    told += [notice("N-DUP-001" if duplicates == "drop" else "N-DUP-002", n=n_found)] if n_found else []
    told += [notice("N-DUP-003", n=found.n_alike)] if found.n_alike else []
    n_rows = quarantine["rule"].value_counts()
    told += [quarantined(code, int(n_rows[code])) for code in RULES if code in n_rows]
    return list(dict.fromkeys(told))


def _choice(part: Part, role: str) -> Notice:
    used, *others = (part.mapping.unused or {})[role]
    return notice("N-COL-003", file=part.source.name, role=role, column=used, others=", ".join(others))


def _stand_in(part: Part, role: str, named: str) -> Notice:
    column = part.mapping.columns.get(role, "")
    return notice("N-COL-004", file=part.source.name, role=role, named=named, column=column)
