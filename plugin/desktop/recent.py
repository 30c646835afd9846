"""Files that were used lately, the last one first."""

from __future__ import annotations

import json

from ..host import is_there
from ..keeping import keep, recall

INCIDENTS, CELLS = "incidents", "cells"
KEPT = 12


def recent(role: str) -> list[str]:
    """The files of *role* (`path` or `path|layer`) that are still there, the last used first."""
    try:
        noted = json.loads(recall(f"recent_{role}") or "[]")
    except ValueError:
        noted = []
    return [path for path in noted if isinstance(path, str) and is_there(path)]


def note(role: str, paths: list[str]) -> None:
    """Put *paths* in front of the files of *role*."""
    kept = list(dict.fromkeys([*paths, *recent(role)]))[:KEPT]
    keep(f"recent_{role}", json.dumps(kept, ensure_ascii=False))


def forget() -> None:
    """Forget them all."""
    for role in (INCIDENTS, CELLS):
        keep(f"recent_{role}", "")
