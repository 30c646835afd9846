"""Writing into a plan file what the user confirmed: the tables [columns] and [classes]; all else stays as it is."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from ..errors import InputError
from .refusals import refusal, trouble

_TABLE = re.compile(r"^\s*\[")


def save_tables(path: str | Path, tables: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Set entries in the tables of a plan file, which is made if absent; returns the lines that are new.

    Raises InputError if the file is no TOML, EnvironmentProblem if it cannot be written.
    """
    place = Path(path)
    try:
        text = place.read_text(encoding="utf-8") if place.exists() else ""
        before = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise refusal("E-ASK-009", where=place.name, why="") from error
    lines, told = text.splitlines(), []
    for table, entries in tables.items():
        known = before.get(table, {})
        if not isinstance(known, dict):
            raise _odd(place)
        changed = {key: value for key, value in entries.items() if known.get(key) != value}
        if changed:
            lines = _with_entries(lines, table, changed)
            told += [f"[{table}] {_entry(key, value)}" for key, value in changed.items()]
    if told:
        _write(place, "\n".join(lines) + "\n", tables)
    return told


def _with_entries(lines: list[str], table: str, entries: Mapping[str, str]) -> list[str]:
    """*lines* with *entries* in *table*: a known key is replaced where it stands, a new one comes last in its table."""
    start = next((i for i, line in enumerate(lines) if re.match(rf"^\s*\[\s*{table}\s*\]", line)), None)
    if start is None:
        gap = [""] if lines and lines[-1].strip() else []
        return [*lines, *gap, f"[{table}]", *(_entry(key, value) for key, value in entries.items())]
    end = next((i for i in range(start + 1, len(lines)) if _TABLE.match(lines[i])), len(lines))
    inside, rest = lines[start + 1 : end], dict(entries)
    for i, line in enumerate(inside):
        for key in list(rest):
            if re.match(rf"^\s*(?:{re.escape(key)}|{re.escape(json.dumps(key, ensure_ascii=False))})\s*=", line):
                inside[i] = _entry(key, rest.pop(key))
                break
    while inside and not inside[-1].strip():
        inside.pop()
    tail = [""] if end < len(lines) else []
    return [*lines[: start + 1], *inside, *(_entry(k, v) for k, v in rest.items()), *tail, *lines[end:]]


def _entry(key: str, value: str) -> str:
    name = key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)
    return f"{name} = {json.dumps(value, ensure_ascii=False)}"


def _odd(place: Path) -> InputError:
    return refusal("E-ASK-012", where=place.name)


def _write(place: Path, text: str, tables: Mapping[str, Mapping[str, str]]) -> None:
    """Write only what reads back as meant, complete or not at all."""
    try:
        after = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        after = {}
    if any(after.get(table, {}).get(key) != value for table, own in tables.items() for key, value in own.items()):
        raise _odd(place)
    beside = place.with_name(place.name + ".partial")
    try:
        beside.write_text(text, encoding="utf-8", newline="\n")
        beside.replace(place)
    except OSError as error:
        raise trouble("E-ASK-013", where=place.name) from error
