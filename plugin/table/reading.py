"""A run's folder as the table shows it, read with the standard library in whatever thread."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import InputError
from ..words import tr

MANIFEST, WARNINGS = "manifest.json", "early_warnings.csv"
SHOWN_BESIDE = 60
"""How many other runs are offered, the newest first."""

_ESCAPED = re.compile("'+[=+\\-@\uff1d\uff0b\uff0d\uff20\t\r\n]")
_WHITE = tuple(" \t\r\n")
_DECODER = json.JSONDecoder()
_PIECE = 1 << 20
_LONGEST_FIELD = 64 * 1024 * 1024
"""Signs a field of a CSV file may have; the module's own limit is far below what a hostile file may hold."""


class Explanations:
    """What explains each warning, kept as text and decoded when looked at: all of a large run would fill memory."""

    def __init__(self, text: str = ""):
        self._text = text
        self._spans = spans_of(text, "warnings") if text.strip() else {}

    def __contains__(self, warning_id: object) -> bool:
        return warning_id in self._spans

    def of(self, warning_id: str) -> dict[str, Any]:
        """What explains a warning; empty where nothing does."""
        begin, end = self._spans.get(warning_id, (0, 0))
        found = json.loads(self._text[begin:end]) if end else {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class Run:
    """A finished run: its warnings as texts, most urgent first, and what is known beside them."""

    folder: Path
    warnings: list[dict[str, str]]
    manifest: dict[str, Any]
    explained: Explanations = field(default_factory=Explanations)
    tickets: dict[str, list[str]] = field(default_factory=dict)
    """warning_id -> numbers of its incidents."""
    grouped: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    """warning_id -> the tests it stands for."""
    beside: tuple[Path, ...] = ()
    """Runs in the same folder of runs, the newest first."""

    @property
    def zone(self) -> str:
        """Name of the city's time zone; empty where the run does not say."""
        return str(mapping(mapping(self.manifest.get("plan")).get("plan")).get("timezone") or "")

    @property
    def checked(self) -> Mapping[str, Any]:
        """What the run looked at; empty of a run that does not say."""
        return mapping(self.manifest.get("checked"))


def read_run(folder: Path) -> Run:
    """Read the run in *folder*. Raises InputError if it holds none, or what it holds cannot be read."""
    if not (folder / WARNINGS).is_file() or not (folder / MANIFEST).is_file():
        raise InputError(
            tr("There is no finished run in this folder."),
            where=str(folder),
            fix=tr("Choose the folder of a run, with early_warnings.csv and manifest.json in it."),
        )
    try:
        warnings = _table(folder / WARNINGS)
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if not isinstance(manifest, dict) or any("warning_id" not in row or "level" not in row for row in warnings):
            raise ValueError(WARNINGS)
        return Run(
            folder=folder,
            warnings=sorted(warnings, key=lambda row: number(row.get("rank"), 1e9)),
            manifest=manifest,
            explained=_explanations(folder / "explanations.json"),
            tickets=_tickets(folder / "members.csv"),
            grouped=_by_warning(_table(folder / "grouped.csv")),
            beside=runs_in(folder.parent),
        )
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(
            tr("The files of this run cannot be read: {what}", what=str(error)[:200]),
            where=str(folder),
            fix=tr("Choose another run, or run again; the files were not touched."),
        ) from error


def runs_in(folder: Path) -> tuple[Path, ...]:
    """Folders of finished runs below *folder*, the newest first; none where it cannot be read."""
    try:
        found = [(entry.stat().st_mtime, entry.parent) for entry in folder.glob(f"*/{MANIFEST}")]
    except OSError:
        return ()
    found = [(when, run) for when, run in found if not run.name.startswith(".") and (run / WARNINGS).is_file()]
    return tuple(run for _, run in sorted(found, reverse=True)[:SHOWN_BESIDE])


def number(text: object, otherwise: float = 0.0) -> float:
    """*text* as a finite number; *otherwise* where it is none."""
    try:
        found = float(str(text))
    except ValueError:
        return otherwise
    return found if math.isfinite(found) else otherwise


def mapping(value: object) -> Mapping[str, Any]:
    """*value* if it is a mapping, else an empty one: a file made by hand may hold anything."""
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> list[Any]:
    """*value* if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def spans_of(text: str, name: str) -> dict[str, tuple[int, int]]:
    """Where each value of the object called *name* of a JSON text begins and ends; empty where there is no such one.

    One value after another, so that other threads have their turn between them. Raises ValueError if it is no JSON.
    """
    for key, begin, _ in _values(text, 0, until=name):
        if key == name:
            return {inner: (first, last) for inner, first, last in _values(text, begin)}
    return {}


def _values(text: str, at: int, until: str = "") -> Iterator[tuple[str, int, int]]:
    """Key, begin and end of each value of the object at *at*; it ends with the key *until*, whose end is not sought."""
    at = _behind(text, at, "{")
    while text[at : at + 1] != "}":
        key, at = _DECODER.raw_decode(text, at)
        begin = _behind(text, at, ":")
        if key == until:
            yield str(key), begin, begin
            return
        end = _DECODER.raw_decode(text, begin)[1]
        yield str(key), begin, end
        at = _past_space(text, end)
        at = _behind(text, at, ",") if text[at : at + 1] == "," else at


def _behind(text: str, at: int, sign: str) -> int:
    """The place behind *sign* and the white space around it. Raises ValueError if it is not there."""
    at = _past_space(text, at)
    if text[at : at + 1] != sign:
        raise ValueError(f"{sign} is missing at {at}")
    return _past_space(text, at + 1)


def _past_space(text: str, at: int) -> int:
    while text[at : at + 1] in _WHITE:
        at += 1
    return at


def _explanations(path: Path) -> Explanations:
    if not path.is_file():
        return Explanations()
    with path.open(encoding="utf-8") as stream:  # piece by piece: other threads have their turn between them
        return Explanations("".join(iter(lambda: stream.read(_PIECE), "")))


def _tickets(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in _table(path):
        found.setdefault(row.get("warning_id", ""), []).append(row.get("incident_id", ""))
    return found


def _by_warning(rows: Iterable[dict[str, str]]) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        found.setdefault(row.get("warning_id", ""), []).append(row)
    return found


def _table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file of a run, the guard against formulas taken off; none where there is no file."""
    if not path.is_file():
        return []
    csv.field_size_limit(_LONGEST_FIELD)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = ([_unguarded(text) for text in row] for row in csv.reader(stream))
        header = next(rows, [])
        return [dict(zip(header, row)) for row in rows]  # noqa: B905 - QGIS may run this on Python 3.9


def _unguarded(text: str) -> str:
    return text[1:] if _ESCAPED.match(text) else text
