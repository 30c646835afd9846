"""`read_batches`: the same rows under the same rules as `read_incidents`, a batch at a time, for files of any length.

What is decided for a column as a whole (the layout of its dates, degrees or metres, whether an identifier is a phone)
has to come out the same in every batch, which makes it what the whole file would have given. Where it does not, or a
batch alone would be refused, `CannotStream` says that the file must be read whole. Duplicates are found across batches
by two independent 64-bit hashes of identifier, time, class and place (`seen`), which beyond some millions of rows lie
in temporary files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from ...errors import InputError
from ..columns.hashes import hash_texts, mixed
from ..columns.names import Mapping
from ..privacy import Privacy
from .duplicates import whole_rows
from .folders import expand, tell_drift
from .intake import Intake, _assemble, _map_all, parse_crs
from .pieces import CannotStream, head_of, pieces_of
from .rows import Part, read_part
from .rules import DUPLICATES
from .seen import Seen
from .sources import Source

_SEEDS = (81985529234382576, 18364758544493064720)


def read_batches(
    paths: Sequence[str | Path],
    *,
    columns: dict[str, str] | None = None,
    crs: str | None = None,
    timezone: str = "Asia/Shanghai",
    duplicates: str = "drop",
    privacy: Privacy | None = None,
    classes: dict[str, str] | None = None,
) -> Iterator[Intake]:
    """Plain text files, a batch at a time; each `Intake` accounts for its own rows, and their sum for all.

    Parameters are those of `read_incidents`. A batch may hold no incident.

    Raises
    ------
    CannotStream
        The files must be read whole; batches given so far are to be forgotten.
    """
    found, about = expand([paths] if isinstance(paths, str | Path) else paths)
    places = [Path(path) for path in found]
    if not places or len({place.name for place in places}) < len(places):
        raise CannotStream("no file, or two of one name")
    system = parse_crs(crs)
    try:
        heads = [head_of(place, place.name) for place in places]
        mappings = _map_all(heads, {role: name for role, name in (columns or {}).items() if name}, system)
    except (InputError, OSError) as error:
        raise CannotStream("whole reading has the better words") from error
    options = {"timezone": timezone, "crs": system, "privacy": privacy, "classes": classes}
    with Seen() as seen:
        heads[0] = replace(heads[0], notices=(*about, *tell_drift(heads), *heads[0].notices))
        for number, part in _parts(places, heads, mappings, options):
            intake = _assemble([part], duplicates, classes, may_be_empty=True)
            yield _without_seen(intake, part, number, places, seen) if duplicates == "drop" else intake


def _parts(
    places: list[Path], heads: list[Source], mappings: list[Mapping], options: dict[str, Any]
) -> Iterator[tuple[int, Part]]:
    """Every batch with the number of its file, checked against the first of all and the first of its file."""
    first = None
    for number, (place, head, mapping) in enumerate(zip(places, heads, mappings, strict=True)):
        about, first_of_file = head.notices, None
        for source in pieces_of(place, place.name, head.encoding):
            part = _read(replace(source, notices=about), mapping, options)
            first, first_of_file = first or part, first_of_file or part
            _check_alike(part, first, first_of_file)
            about = ()
            yield number, part


def _read(source: Source, mapping: Any, options: dict[str, Any]) -> Part:
    try:
        return read_part(source, mapping, **options)
    except (InputError, pa.ArrowException) as error:
        raise CannotStream(source.name) from error


def _check_alike(part: Part, first: Part, first_of_file: Part) -> None:
    """What is decided per column must not differ between batches."""
    told = {n.code for n in part.notices} ^ {n.code for n in first_of_file.notices}
    day_first = part.layout.startswith("5/1/2026")  # which number is the day only the whole column can prove
    if part.layout != first_of_file.layout or day_first or part.crs != first.crs or "N-PERSON-002" in told:
        raise CannotStream(part.source.name)


def _without_seen(intake: Intake, part: Part, number: int, places: list[Path], seen: Seen) -> Intake:
    """The batch without rows that an earlier batch has, which join its duplicates."""
    table = intake.incidents
    one, two = _hashes(intake, part)
    tags = seen.find(one, two)
    again = tags >= 0
    own = (np.int64(number) << 40) | table["source_row"].to_numpy(np.int64)
    seen.add(one[~again], two[~again], own[~again])
    if not again.any():
        return intake
    nameless = _nameless(intake)[again]
    codes = np.where(nameless, "D-DUP-002", "D-DUP-001").astype(object)
    gone = pd.DataFrame(
        {
            "source_file": table["source_file"].to_numpy()[again],
            "source_row": table["source_row"].to_numpy()[again],
            "kept_file": np.array([place.name for place in places], object)[tags[again] >> 40],
            "kept_row": tags[again] & ((1 << 40) - 1),
            "rule": codes,
            "reason": [DUPLICATES[code].zh for code in codes],
            "reason_en": [DUPLICATES[code].en for code in codes],
        }
    )
    duplicates = pd.concat([intake.duplicates, gone], ignore_index=True) if len(intake.duplicates) else gone
    return replace(intake, incidents=table[~again].reset_index(drop=True), duplicates=duplicates)


def _nameless(intake: Intake) -> np.ndarray:
    """Rows without an identifier of their own: they are called by their file and row."""
    table = intake.incidents
    suspects = table["incident_id"].str.contains("#", regex=False).to_numpy(bool, copy=True)
    at = np.flatnonzero(suspects)
    called = table["source_file"].iloc[at].astype(str) + "#" + table["source_row"].iloc[at].astype(str)
    suspects[at] = (table["incident_id"].iloc[at] == called).to_numpy(bool)
    return suspects


def _hashes(intake: Intake, part: Part) -> tuple[np.ndarray, np.ndarray]:
    """Two independent hashes of what makes a row a duplicate: (n,) uint64 each."""
    table = intake.incidents
    shapes = table.geometry.to_numpy()
    nameless = np.flatnonzero(_nameless(intake))
    rows = pa.array([], pa.large_string())
    if len(nameless):
        loaded = part.source.load(None)
        at = np.searchsorted(loaded.rows, table["source_row"].to_numpy()[nameless])
        rows = _text("\x00" + whole_rows(part.source, at))
    numbers = [
        pd.DatetimeIndex(table["time"]).asi8.view(np.uint64),
        (shapely.get_x(shapes) + 0.0).view(np.uint64),
        (shapely.get_y(shapes) + 0.0).view(np.uint64),
    ]
    codes, known = pd.factorize(table["category"])
    out = []
    for seed in _SEEDS:
        value = hash_texts(_text(table["incident_id"]), seed)
        value[nameless] = hash_texts(rows, seed)
        for other in (hash_texts(_text(known), seed)[codes], *numbers):
            value = mixed(value, other, seed)
        out.append(value)
    return out[0], out[1]


def _text(words: Any) -> pa.Array:
    whole = pa.array(words, pa.large_string())
    return whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole
