"""Which column plays which role: the names the user gave, else names known to `columns.json`, compared exactly."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Table
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from ...errors import InputError
from ..refusals import refusal

ROLES = (
    "time",
    "category",
    "id",
    "lon",
    "lat",
    "source",
    "kind",
    "severity",
    "reported_time",
    "closed_time",
    "handler",
    "cell_code",
    "text",
)
"""The roles a user may name a column for."""

_LEVELS = ("category_1", "category_2", "category_3", "category_4")
_PLAIN = ("source", "kind", "severity", "closed_time", "handler", "cell_code")
_OPTIONS = {"time": "--time", "category": "--category", "id": "--id", "lon": "--lon", "lat": "--lat"}
_LISTED = 30
_ALIKE = 0.6
_SUGGESTED = {
    "received": "time",
    "occurred": "time",
    "incident_id": "id",
    "closed_time": "closed_time",
    "category_1": "category",
    "lon": "lon",
    "lat": "lat",
    "x": "lon",
    "y": "lat",
    "source": "source",
    "kind": "kind",
    "severity": "severity",
    "handler": "handler",
    "cell_code": "cell_code",
}
"""Table of known names -> the role a user confirms it for."""
_VALUE = re.compile(r"\d{4}[-/年]\d|\d\.\d\d|\d{7}")
"""In a column name this is the mark of a value: a date, a measured number, a long code or phone number."""


@dataclass(frozen=True)
class Mapping:
    """Role -> column of one file. `lon` and `lat` may hold planar x and y; then `planar` is True.

    `unused` lists the columns a role could have had, the one chosen first; `absent` the (role, column) the user named
    that only other files of the import have. `day_and_clock` are the two columns a time is put together from.
    """

    columns: dict[str, str]
    category: tuple[str, ...] = ()
    planar: bool = False
    person: tuple[str, ...] = ()
    free_text: tuple[str, ...] = ()
    unused: dict[str, tuple[str, ...]] | None = None
    absent: tuple[tuple[str, str], ...] = ()
    day_and_clock: tuple[str, ...] = ()

    @property
    def used(self) -> list[str]:
        """The columns to read, each once, in the order of the roles."""
        lists = ("category", "time") if self.day_and_clock else ("category",)
        plain = (column for role, column in self.columns.items() if role not in lists)
        return list(dict.fromkeys([*self.day_and_clock, *plain, *self.category]))


@cache
def known_names() -> dict[str, Any]:
    """The table of known names (`columns.json`), names in their normal form."""
    raw = json.loads((Path(__file__).parents[1] / "columns.json").read_text(encoding="utf-8"))
    plain = lambda names: tuple(normal_name(name) for name in names)  # noqa: E731 - three uses, one line
    return {
        "roles": {role: plain(names) for role, names in raw["roles"].items()},
        "kind_values": {kind: plain(names) for kind, names in raw["kind_values"].items()},
        "person": {part: plain(names) for part, names in raw["person"].items()},
        "free_text": plain(raw["free_text"]),
    }


def normal_name(name: str) -> str:
    """*name* as it is compared: half width, lower case, no blanks at the ends, blanks and hyphens inside as '_'."""
    plain = unicodedata.normalize("NFKC", str(name)).replace("\ufeff", "").strip().casefold()
    return "_".join(plain.replace("-", " ").split())


def is_person_column(name: str) -> bool:
    """Whether a column of this name holds personal data: by its exact name, or by a word that leaves no doubt."""
    person, plain = known_names()["person"], normal_name(name)
    return plain in person["names"] or any(word in plain for word in person["contains"])


def count_known(names: Sequence[str]) -> int:
    """How many of *names* are known, of whatever role: tells a header from a title."""
    known = known_names()
    every = {*known["free_text"], *known["person"]["names"], *(n for names in known["roles"].values() for n in names)}
    return sum(normal_name(name) in every for name in names)


def find_columns(
    available: Sequence[str],
    named: Table[str, str] | None = None,
    *,
    where: str,
    has_geometry: bool = False,
    planar: bool | None = None,
    elsewhere: frozenset[str] = frozenset(),
) -> Mapping:
    """Choose the column of every role.

    Parameters
    ----------
    available : the file's column names.
    named : role -> column the user named; `category` may be several, comma separated. These always win.
    where : the file, for messages.
    has_geometry : the file brings its own points, so coordinate columns are only taken when named.
    planar : True prefers x and y over lon and lat, False refuses x and y, None takes lon and lat first.
    elsewhere : roles whose named column another file of the same import has: here a known name may stand in.

    Raises
    ------
    InputError
        A named column is missing or holds personal data; no time or no coordinate column is found.
    """
    finder = _Finder(available, dict(named or {}), where, elsewhere)
    columns: dict[str, str] = {}
    columns.update(finder.times())
    category = finder.category()
    columns.update({"category": ",".join(category)} if category else {})
    columns.update(finder.plain("id", "incident_id"))
    axes, is_planar = finder.coordinates(has_geometry, planar)
    columns.update(axes)
    text = finder.wanted("text")  # free text is carried only when it is named
    columns.update({"text": text} if text else {})
    finder.absent.pop("text", None)
    for role in _PLAIN:
        columns.update(finder.plain(role, role))
    used = {*columns.values(), *category}
    person = tuple(name for name in available if name not in used and is_person_column(name))
    free = known_names()["free_text"]
    texts = tuple(n for n in available if n not in used and n not in person and normal_name(n) in free)
    missing = [role for role in finder.absent if role not in columns]
    if missing:
        raise finder.missing(missing[0], finder.absent[missing[0]])
    absent = tuple(finder.absent.items())
    return Mapping(columns, category, is_planar, person, texts, finder.unused, absent, finder.day_and_clock)


@dataclass(frozen=True)
class Suggestion:
    """A column that may be *role*, since its name is like the known name *like*. Never used unless the user says so."""

    role: str
    column: str
    like: str


def suggest_columns(available: Sequence[str], used: Iterable[str], roles: Iterable[str]) -> list[Suggestion]:
    """For roles that have no column yet, unused columns whose names are nearly known ones; each column once.

    *used* : columns taken already. *roles* : those that have a column.
    """
    taken, filled = set(used), {*roles}
    free = known_names()["free_text"]
    names = [n for n in available if n not in taken and not is_person_column(n) and normal_name(n) not in free]
    found: list[tuple[float, Suggestion]] = []
    for table, role in _SUGGESTED.items():
        if role in filled:
            continue
        for name in names:
            like = get_close_matches(normal_name(name), known_names()["roles"][table], n=1, cutoff=_ALIKE)
            if like:
                near = SequenceMatcher(None, normal_name(name), like[0]).ratio()
                found.append((near, Suggestion(role, name, like[0])))
    chosen: dict[str, Suggestion] = {}
    for _, suggestion in sorted(found, key=lambda entry: (-entry[0], entry[1].role, entry[1].column)):
        if suggestion.role not in {s.role for s in chosen.values()}:
            chosen.setdefault(suggestion.column, suggestion)
    return sorted(chosen.values(), key=lambda s: (s.role, s.column))


class _Finder:
    """One file's columns, looked up role by role."""

    def __init__(self, available: Sequence[str], named: dict[str, str], where: str, elsewhere: frozenset[str]):
        self.available, self.named, self.where, self.elsewhere = list(available), named, where, elsewhere
        self.by_name: dict[str, str] = {}
        for name in self.available:
            self.by_name.setdefault(normal_name(name), name)
        self.unused: dict[str, tuple[str, ...]] = {}
        self.absent: dict[str, str] = {}
        self.day_and_clock: tuple[str, ...] = ()
        unknown = sorted(set(named) - set(ROLES))
        if unknown:
            raise refusal("E-COL-001", where="columns", role=unknown[0], roles=", ".join(ROLES))

    def wanted(self, role: str) -> str | None:
        """The column the user named for *role*, if it is here; None where a known name may stand in."""
        name = self.named.get(role)
        if not name:
            return None
        found = name if name in self.available else self.by_name.get(normal_name(name))
        if found is None and role not in self.elsewhere:
            raise self.missing(role, name)
        if found is None:
            self.absent[role] = name
        if found is not None and is_person_column(found):
            raise refusal("E-COL-002", where=self.where, column=found, role=role)
        return found

    def missing(self, role: str, name: str) -> InputError:
        """There is no such column: say which there are, and the nearest."""
        near = get_close_matches(normal_name(name), list(self.by_name), n=1, cutoff=0.5)
        meant = self.by_name[near[0]] if near and not self.are_values else ""
        hint, hint_zh = (f"Did you mean {meant}? ", f"是否指{meant}?") if meant else ("", "")
        return refusal(
            "E-COL-003", where=self.where, column=name, role=role, hint=hint, hint_zh=hint_zh, **self.listing()
        )

    @property
    def are_values(self) -> bool:
        """Whether the names look like a row of data: then they may be personal and are not told."""
        return not count_known(self.available) and any(_VALUE.search(str(name)) for name in self.available)

    def hint(self, *roles: str) -> dict[str, str]:
        """What columns may be these *roles*, as a question in both languages; "" where none comes near."""
        others = {role for role in _SUGGESTED.values() if role not in roles}
        near = suggest_columns(self.available, (), others)
        perhaps = " ".join(f"{option_of(s.role)} {s.column}" for s in near)
        return {"hint": f"Perhaps {perhaps}? " if near else "", "hint_zh": f"或许是 {perhaps}?" if near else ""}

    def listing(self) -> dict[str, str]:
        """The columns that exist, at most thirty, in both languages."""
        if self.are_values:
            unseen = "not to be seen: the first row holds values. Put the column names above it"
            return {"columns": unseen, "columns_zh": "无法列出,因为第一行是数据;请在其上方加一行列名"}
        names, rest = ", ".join(map(str, self.available[:_LISTED])), len(self.available) - _LISTED
        more, more_zh = (f" and {rest} more", f"等,另有{rest}列") if rest > 0 else ("", "")
        return {"columns": names + more, "columns_zh": names + more_zh}

    def known(self, role: str) -> str | None:
        """The first known name of *role* that is here; others that would do are remembered in `unused`."""
        here = [self.by_name[name] for name in known_names()["roles"][role] if name in self.by_name]
        if len(here) > 1:
            self.unused[role] = tuple(here)
        return here[0] if here else None

    def plain(self, key: str, role: str) -> dict[str, str]:
        """{key: column} for a role that may be absent."""
        found = self.wanted(key) or self.known(role)
        return {key: found} if found else {}

    def times(self) -> dict[str, str]:
        """`time` is the occurrence, else the receipt; `reported_time` is the receipt beside an occurrence."""
        self.day_and_clock = self._several("time")
        time = ",".join(self.day_and_clock) or self.wanted("time")
        received, occurred = self.known("received"), self.known("occurred")
        reported = self.wanted("reported_time")
        time = time or occurred or (received if received != reported else None)
        if time is None:
            raise refusal("E-COL-004", where=self.where, **self.hint("time"), **self.listing())
        if reported is None and received is not None and received not in (time, *self.day_and_clock):
            reported = received
        return {"time": time, **({"reported_time": reported} if reported else {})}

    def _several(self, role: str) -> tuple[str, ...]:
        """The two columns, `day,clock`, that the user named for *role*; empty if it is one column or none."""
        named = self.named.get(role, "")
        parts = [part.strip() for part in named.replace("，", ",").split(",")]
        here = [name if name in self.available else self.by_name.get(normal_name(name)) for name in parts]
        if named in self.available or len(parts) != 2 or not all(here):
            return ()
        return tuple(name for name in here if name and not is_person_column(name))

    def category(self) -> tuple[str, ...]:
        """The columns of the class tree, from the coarsest level down."""
        named = self.named.get("category", "")
        if named and named not in self.available:
            parts = [part.strip() for part in named.replace("，", ",").split(",")]
            found = [self._category_column(part) for part in parts if part]
            if all(found):
                return tuple(name for name in found if name)
        elif named and self.wanted("category"):
            return (named,)
        return tuple(name for role in _LEVELS if (name := self.known(role)))

    def _category_column(self, part: str) -> str | None:
        self.named = {**self.named, "category": part}
        return self.wanted("category")

    def coordinates(self, has_geometry: bool, planar: bool | None) -> tuple[dict[str, str], bool]:
        """({lon, lat} columns, whether they are planar); empty where the file's own points are taken."""
        lon, lat = self.wanted("lon"), self.wanted("lat")
        if lon and lat:
            planar_names = {*known_names()["roles"]["x"], *known_names()["roles"]["y"]}
            return {"lon": lon, "lat": lat}, bool(planar) or normal_name(lon) in planar_names
        if has_geometry:
            return {}, False
        pairs = [("lon", "lat", False), ("x", "y", True)]
        for first, second, is_planar in reversed(pairs) if planar else pairs:
            x, y = lon or self.known(first), lat or self.known(second)
            if x and y:
                return {"lon": x, "lat": y}, is_planar
        joined = lon or lat or self.known("lonlat")
        if joined:  # one column holds both
            return {"lon": joined, "lat": joined}, False
        if self.wanted("cell_code") or self.known("cell_code"):  # the code of a unit may say where it is
            return {}, False
        raise refusal("E-COL-005", where=self.where, **self.hint("lon", "lat"), **self.listing())


def option_of(role: str) -> str:
    """What a user types to name the column of *role*."""
    return _OPTIONS.get(role, f"columns.{role} in the plan")
