"""Folders and patterns of files, and how the columns of monthly files drift from one to the next."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...errors import Notice
from ..columns.names import normal_name
from ..contents import KINDS
from ..refusals import refusal
from .rules import notice
from .sources import Source, split_layer
from .urls import is_url

_ENDINGS = {*KINDS, ".zip", ".gz"}
_SHAPE_PARTS = {".shx", ".dbf", ".prj", ".cpg", ".qpj", ".sbn", ".sbx", ".xml", ".qmd"}
_KINDRED = 0.5
_LISTED = 12


def expand(paths: Sequence[str | Path]) -> tuple[list[str | Path], list[Notice]]:
    """Each folder and each pattern replaced by the tables in it, by name; what was not taken is told.

    Raises InputError where a folder holds no table, or no file matches a pattern.
    """
    found: list[str | Path] = []
    told: list[Notice] = []
    for path in paths:
        place = Path(path)
        if is_url(path) or split_layer(path)[0].is_file():
            found.append(path)
        elif place.is_dir():
            tables, n_others = _tables_in(place)
            found.extend(tables)
            told += [notice("N-FILE-007", folder=place.name, n=n_others)] if n_others else []
        elif any(mark in place.name for mark in "*?["):
            found.extend(_matching(place))
        else:
            found.append(path)
    return found, told


def _tables_in(folder: Path) -> tuple[list[Path], int]:
    files = sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith((".", "~$")))
    tables = [p for p in files if p.suffix.lower() in _ENDINGS]
    others = [p for p in files if p.suffix.lower() not in _ENDINGS | _SHAPE_PARTS]
    if not tables:
        raise refusal("E-FILE-014", where=folder.name)
    return tables, len(others)


def _matching(pattern: Path) -> list[Path]:
    matches = sorted(p for p in pattern.parent.glob(pattern.name) if p.is_file() and not p.name.startswith((".", "~$")))
    if not matches:
        raise refusal("E-FILE-015", where=pattern.name)
    return matches


def tell_drift(sources: Sequence[Source]) -> list[Notice]:
    """For each table the columns it has more or less than the latest before it that is of its kind.

    Of one kind are tables that share at least half of the columns of the narrower one.
    """
    told = []
    for number, source in enumerate(sources):
        here = {normal_name(c): c for c in source.columns}
        for before in reversed(sources[:number]):
            there = {normal_name(c): c for c in before.columns}
            if len(here.keys() & there.keys()) < _KINDRED * max(1, min(len(here), len(there))):
                continue
            more = [name for key, name in here.items() if key not in there]
            less = [name for key, name in there.items() if key not in here]
            if more or less:
                told.append(
                    notice("N-FILE-006", file=source.name, first=before.name, more=_listed(more), less=_listed(less))
                )
            break
    return told


def _listed(names: list[str]) -> str:
    rest = len(names) - _LISTED
    return (", ".join(names[:_LISTED]) + (f" … (+{rest})" if rest > 0 else "")) or "–"
