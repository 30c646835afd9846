"""Classes that are not for this work: refused ones are left out, describe-only ones are never warned of per cell.

The classes stand in `class_policy.json`: `refused` ones (speech, belief, politics) are left out of every count,
`describe_only` ones (disputes, petitions) are shown at street level or above and never warned of below it. A plan may
name a file of its own, of the same shape; what it adds and removes is told on every output.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from ..refusals import refusal

PARTS = ("refused", "describe_only")
_OWN = Path(__file__).parents[1] / "class_policy.json"


@dataclass(frozen=True)
class ClassPolicy:
    """`refused` and `describe_only`, tuples of (pattern, zh, en); `name` of the file, "" for the one brought along.

    `added` and `removed` list (part, pattern) against the one brought along.
    """

    refused: tuple[tuple[str, str, str], ...]
    describe_only: tuple[tuple[str, str, str], ...]
    name: str = ""
    digest: str = ""
    added: tuple[tuple[str, str], ...] = ()
    removed: tuple[tuple[str, str], ...] = ()

    def refuses(self, category: str) -> bool:
        """Whether incidents of this class are left out altogether: speech, belief, politics."""
        return bool(self._matchers[0].search(category))

    def describes_only(self, category: str) -> bool:
        """Whether this class is described at street level or above only: never warned of below, never forecast."""
        return bool(self._matchers[1].search(category))

    @cached_property
    def _matchers(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        first, second = (_matcher(tuple(row[0] for row in rows)) for rows in (self.refused, self.describe_only))
        return first, second

    def facts(self) -> dict[str, Any]:
        """The policy for a report's footer and a manifest: file, digest, what it adds and removes."""
        return {
            "file": self.name,
            "sha256": self.digest,
            "added": [{"part": part, "pattern": pattern} for part, pattern in self.added],
            "removed": [{"part": part, "pattern": pattern} for part, pattern in self.removed],
        }


@cache
def class_policy() -> ClassPolicy:
    """The policy that comes with GridBeacon."""
    return _parse(_OWN.read_bytes(), "")


def read_policy(path: str | Path | None) -> ClassPolicy:
    """The policy of *path*, compared with the one brought along; None gives that one.

    Raises InputError if the file cannot be read, is no policy, or holds a pattern that cannot be understood.
    """
    if path is None:
        return class_policy()
    place = Path(path)
    try:
        own = _parse(place.read_bytes(), place.name)
    except (OSError, UnicodeDecodeError, ValueError, TypeError, KeyError) as error:
        raise refusal("E-POLICY-001", where=place.name) from error
    before = {(part, row[0]) for part in PARTS for row in getattr(class_policy(), part)}
    after = {(part, row[0]) for part in PARTS for row in getattr(own, part)}
    return ClassPolicy(
        own.refused,
        own.describe_only,
        own.name,
        own.digest,
        added=tuple(sorted(after - before)),
        removed=tuple(sorted(before - after)),
    )


def _parse(data: bytes, name: str) -> ClassPolicy:
    table = json.loads(data.decode("utf-8-sig"))
    lists = {part: tuple((row["pattern"], row["zh"], row["en"]) for row in table[part]) for part in PARTS}
    for rows in lists.values():
        _matcher(tuple(row[0] for row in rows))
    return ClassPolicy(**lists, name=name, digest=hashlib.sha256(data).hexdigest())


@cache
def _matcher(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern of all; an empty list matches nothing."""
    try:
        return re.compile("|".join(f"(?:{pattern})" for pattern in patterns) or r"(?!)", re.IGNORECASE)
    except re.error as error:
        raise ValueError("a pattern cannot be understood") from error


@cache
def refused(category: str) -> bool:
    """Whether the policy brought along leaves this class out."""
    return class_policy().refuses(category)


@cache
def describe_only(category: str) -> bool:
    """Whether the policy brought along describes this class at street level or above only."""
    return class_policy().describes_only(category)
