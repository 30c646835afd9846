"""What the engine can do and which columns it knows, read from files: known before any engine is installed."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..errors import EngineError
from ..params import UNITS_ZH
from .words import pick, tr

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = ROOT / "schema.json"
COLUMNS = ROOT / "layers" / "columns.json"
NAME = re.compile(r"[^:;。,:;,(]+(\([^():;]{1,12}\))?")
"""How far the Chinese words of a setting are its name; what follows explains it."""
CLASS_LEVELS = ("category_1", "category_2", "category_3", "category_4")
PLAIN_ROLES = ("source", "kind", "severity", "closed_time", "handler", "cell_code")


@lru_cache(maxsize=1)
def read_schema() -> dict[str, Any]:
    """The whole schema. Raises EngineError where the file is missing or damaged."""
    return _read(SCHEMA)


@lru_cache(maxsize=1)
def known_columns() -> frozenset[str]:
    """Every column name by which the engine finds a field of the incidents, as `normal_name` writes it.

    Raises EngineError where the file is missing or damaged.
    """
    return frozenset(normal_name(name) for names in _read(COLUMNS)["roles"].values() for name in names)


@lru_cache(maxsize=1)
def _tables() -> dict[str, Any]:
    """The table of known names, each name as `normal_name` writes it."""
    raw = _read(COLUMNS)
    roles = {role: [normal_name(name) for name in names] for role, names in raw["roles"].items()}
    person = {part: [normal_name(name) for name in names] for part, names in raw["person"].items()}
    return {"roles": roles, "person": person}


def is_person_field(name: str) -> bool:
    """Whether a field of this name holds personal data; the engine refuses to read it in any role."""
    person, plain = _tables()["person"], normal_name(name)
    return plain in person["names"] or any(word in plain for word in person["contains"])


def guess(fields: Iterable[str], *, has_points: bool = False) -> dict[str, str]:
    """Role -> the field the engine will find by its name; several levels of the class are joined by commas.

    The rule is the engine's: within a role the first known name wins, the time is the occurrence before the receipt,
    and coordinates are only looked for where there are no points.
    """
    by_name: dict[str, str] = {}
    for name in fields:
        by_name.setdefault(normal_name(name), name)

    def known(role: str) -> str:
        return next((by_name[name] for name in _tables()["roles"][role] if name in by_name), "")

    occurred, received = known("occurred"), known("received")
    levels = [known(level) for level in CLASS_LEVELS]
    found = {
        "time": occurred or received,
        "category": ",".join(level for level in levels if level),
        "id": known("incident_id"),
        **({} if has_points else _guess_place(known)),
        "reported_time": received if occurred else "",
        **{role: known(role) for role in PLAIN_ROLES},
    }
    return {role: name for role, name in found.items() if name}


def guess_cells(fields: Iterable[str]) -> dict[str, str]:
    """Role -> the field of the cells the engine will find by its name; where that hangs on the values, none is told."""
    by_name: dict[str, str] = {}
    for name in fields:
        by_name.setdefault(_cell_name(name), name)
    found: dict[str, str] = {}
    for role, names in _read(COLUMNS)["cells"].items():
        here = [by_name[_cell_name(name)] for name in names if _cell_name(name) in by_name]
        found.update({role: here[0]} if here and here[0] not in found.values() else {})
    return found


def _cell_name(name: str) -> str:
    """The name of a field of the cells as the engine compares it: without blanks, hyphens and underscores."""
    return normal_name(name).replace("_", "")


def _guess_place(known: Callable[[str], str]) -> dict[str, str]:
    """The two columns of the coordinates, or twice the one that holds both."""
    for first, second in (("lon", "lat"), ("x", "y")):
        if known(first) and known(second):
            return {"lon": known(first), "lat": known(second)}
    return {"lon": known("lonlat"), "lat": known("lonlat")}


def normal_name(name: str) -> str:
    """A column's name the way the engine compares it: NFKC, small letters, blanks and hyphens as `_`."""
    return re.sub(r"[\s\-]+", "_", unicodedata.normalize("NFKC", name).replace("\ufeff", "").strip().casefold())


def unit_of(param: dict[str, Any]) -> str:
    """The unit of a setting in the face's language."""
    unit = param.get("unit", "")
    return pick(unit, UNITS_ZH.get(unit, unit))


def label_of(param: dict[str, Any]) -> str:
    """What a setting is called, without its unit."""
    named = NAME.match(param.get("zh", ""))
    return pick(param["name"].replace("_", " ").capitalize(), named[0] if named else "")


def help_of(param: dict[str, Any]) -> str:
    """What a setting does."""
    return pick(param.get("help", ""), param.get("help_zh") or param.get("zh", ""))


def choice_of(param: dict[str, Any], value: str) -> str:
    """What a value of a choice is called: in Chinese the word its help has for it, `小时(hour)`, else the value."""
    said = re.search(rf"([^、,;:。,;:()\s]{{1,12}}?)[((]{re.escape(value)}[))]", param.get("help_zh", ""))
    return pick(value, re.sub("^(或|以及|与)", "", said[1]) if said else value)


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EngineError(
            tr("A file of the plugin cannot be read: {error}", error=error),
            where=path.name,
            fix=tr("Install the plugin again."),
        ) from error
