"""The tree of classes an import holds, for a person to choose from."""

from __future__ import annotations

from typing import Any

import pandas as pd

from .preparation import Prepared
from .scope import chosen

DEPTH = 3
"""Levels of the tree."""


def class_tree(ready: Prepared) -> dict[str, dict[str, Any]]:
    """{name: {"rows": n, "below": {…}}}, nested to `DEPTH` levels, the most rows first at every level.

    Rows are incidents that count, those of classes that were not chosen among them: such nodes carry
    `"chosen": False`. A class that is only described carries `"described": True`; classes that are refused are absent.
    """
    rows = counted(ready)
    tree: dict[str, dict[str, Any]] = {}
    for category, n in rows.items():
        _add(tree, str(category), int(n), ready)
    return _in_order(tree)


def counted(ready: Prepared) -> pd.Series:
    """Rows by class, whether their class was chosen or not."""
    if ready.points is None or not len(ready.reasons):
        return ready.incidents["category"].astype(str).value_counts().sort_index()
    known = (ready.reasons == "used") | (ready.reasons == "excluded")
    return ready.points.loc[known, "category"].astype(str).value_counts().sort_index()


def _add(tree: dict[str, dict[str, Any]], category: str, n: int, ready: Prepared) -> None:
    """Count *n* rows of a class on every level of the *tree*."""
    parts = category.split("/")[:DEPTH]
    for depth, name in enumerate(parts):
        node = "/".join(parts[: depth + 1])
        entry = tree.setdefault(name, {"rows": 0, "below": {}})
        entry["rows"] += n
        if ready.privacy.policy.describes_only(node):
            entry["described"] = True
        if not chosen([node], ready.plan.classes)[0]:
            entry["chosen"] = False
        tree = entry["below"]


def _in_order(tree: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    ordered = sorted(tree.items(), key=lambda item: (-item[1]["rows"], item[0]))
    return {name: {**entry, "below": _in_order(entry["below"])} for name, entry in ordered}
