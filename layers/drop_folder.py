"""A folder that another system watches: one JSON file per warning, and `list.json` of them all.

Every file is complete under its name or not there. Names carry a number that only grows, so that a reader who takes
files in the order of their names takes them in the order they were issued. The same warning at the same level and
moment of decision is dropped once, however often it is asked for, also after the reader took its file away: `list.json`
remembers it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from . import style
from .drills import is_drill
from .finished_run import FinishedRun
from .ledger import plain
from .plain_text import one_line
from .refusals import refusal, trouble
from .whole_file import write_whole

FORMAT, VERSION = "gridbeacon.warning", 1
LIST_FORMAT, LIST = "gridbeacon.list", "list.json"
_NAME = re.compile(r"(\d{8})\.json")
_LOCK = ".lock"
_KEY = ("warning_id", "level", "as_of")
_OMITTED = {"slot"}


def drop_run(folder: str | Path, run: FinishedRun) -> list[Path]:
    """Drop every warning of *run* that is in force or has ended, budget-cut ones marked; returns the files written now.

    Raises InputError if *folder* holds a list that is not ours, EnvironmentProblem if it cannot be written.
    """
    facts = {"as_of": run.as_of, "timezone": run.timezone, "run_id": run.run_id, "drill": run.drill}
    return drop(folder, run.warnings, facts)


def drop(folder: str | Path, warnings: Iterable[Mapping[str, Any]], facts: Mapping[str, Any]) -> list[Path]:
    """Drop *warnings* (rows of `early_warnings`) of one run; *facts* has as_of, timezone, run_id and drill."""
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise trouble("E-PAPER-001", where=str(folder), why=error.strerror or type(error).__name__) from error
    with _alone(folder):
        known = _known(folder)
        seen = {tuple(entry[name] for name in _KEY) for entry in known}
        number, written = max((int(entry["sequence"]) for entry in known), default=0), []
        for row in warnings:
            record = as_record(row, facts)
            key = tuple(str(record[name]) for name in _KEY)
            if key in seen:
                continue
            number += 1
            seen.add(key)
            path = folder / f"{number:08d}.json"
            write_whole(path, _json({"format": FORMAT, "version": VERSION, "sequence": number, **record}))
            known.append({"sequence": number, "file": path.name, **dict(zip(_KEY, key, strict=True))})
            written.append(path)
        listing = _json({"format": LIST_FORMAT, "version": VERSION, "warnings": known})
        if not (folder / LIST).is_file() or (folder / LIST).read_bytes() != listing:
            write_whole(folder / LIST, listing)
    return written


def as_record(row: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """A warning as the file holds it: what it is of, then its columns, then the words that go with its level."""
    if row["level"] not in style.LEVEL_NAMES:
        raise refusal("E-READ-004", where=one_line(row["warning_id"]), known=", ".join(style.LEVEL_NAMES))
    level = style.level_of(str(row["level"]))
    drill = bool(facts.get("drill")) or is_drill(row)
    columns = plain({name: value for name, value in row.items() if name not in _OMITTED})
    return {
        "warning_id": str(row["warning_id"]),
        "level": level.name,
        "as_of": str(facts["as_of"]),
        "timezone": str(facts.get("timezone", "")),
        "run_id": str(facts.get("run_id", "")),
        "status": "exercise" if drill else "internal",
        "verb": level.verb_zh,
        "verb_en": level.verb_en,
        "statement": style.STATUTORY_ZH,
        "statement_en": style.STATUTORY_EN,
        "warning": columns,
    }


def _known(folder: Path) -> list[dict[str, Any]]:
    """What was dropped before: the list, and files that a broken-off drop left without an entry in it."""
    entries = _listed(folder / LIST)
    named = {entry["file"] for entry in entries}
    for path in sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name) and path.name not in named):
        record = _read(path, FORMAT)
        key = {name: str(record[name]) for name in _KEY}
        entries.append({"sequence": int(record["sequence"]), "file": path.name, **key})
    return sorted(entries, key=lambda entry: int(entry["sequence"]))


def _listed(path: Path) -> list[dict[str, Any]]:
    return list(_read(path, LIST_FORMAT)["warnings"]) if path.exists() else []


def _read(path: Path, form: str) -> dict[str, Any]:
    """A file of ours. Raises InputError for one that is not, or is of a newer version: numbers must not start anew."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        ours = record["format"] == form and int(record["version"]) <= VERSION
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise refusal("E-DROP-001", where=str(path)) from error
    if not ours:
        raise refusal("E-DROP-001", where=str(path))
    return record


def _json(record: Mapping[str, Any]) -> bytes:
    text = json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False)
    return (text + "\n").encode("utf-8", "replace")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder against other drops; the lock goes with the process, however it ends."""
    try:
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise trouble("E-PAPER-001", where=str(folder), why=error.strerror or type(error).__name__) from error
    try:
        with suppress(OSError):  # a file system without locks: one drop at a time is then the caller's care
            _take(handle)
        yield
    finally:
        os.close(handle)


def _take(handle: int) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined]
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX)
