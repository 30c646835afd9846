"""The pattern of a place's hot and cold steps: 17 categories by a table of rules that is data, with a version."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

_SIGNS = {"hot": 1, "cold": -1}
_TRENDS = {"up": 1, "flat": 0, "down": -1}


@dataclass(frozen=True)
class PatternRules:
    """The table of rules. `names` maps each category's key (`new_hot`, `persistent_cold`, `none` ...) to (en, zh).

    most : (a, b), the share a / b of steps that a lasting hot spot needs; rules : (key, conditions) as in the file.
    """

    version: str
    most: tuple[int, int]
    rules: tuple[tuple[str, dict[str, bool | str]], ...]
    names: dict[str, tuple[str, str]]


@cache
def pattern_rules() -> PatternRules:
    """The table that is shipped, `models/emerging_rules.json`."""
    path = Path(__file__).parent.parent / "emerging_rules.json"
    return read_rules(json.loads(path.read_text(encoding="utf-8")))


def read_rules(table: dict[str, Any]) -> PatternRules:
    """The rules of a *table* as the file holds it. Raises ValueError for a condition that is not known."""
    known = set(table["conditions"])
    for rule in table["rules"]:
        unknown = set(rule["when"]) - known
        if unknown or rule["when"].get("trend", "flat") not in _TRENDS:
            raise ValueError(f"rule {rule['key']!r} asks for {sorted(unknown) or 'a trend'} that is not known")
    names = {"none": (table["none"]["en"], table["none"]["zh"])}
    for side, words in table["sides"].items():
        for rule in table["rules"]:
            names[f"{rule['key']}_{side}"] = (f"{rule['en']} {words['en']}", f"{rule['zh']}{words['zh']}")
    rules = tuple((rule["key"], rule["when"]) for rule in table["rules"])
    return PatternRules(str(table["version"]), tuple(table["most"]), rules, names)


def classify_patterns(state: np.ndarray, trend: np.ndarray, rules: PatternRules | None = None) -> np.ndarray:
    """The category of every place, (n_cells,) text: a key of `PatternRules.names`.

    state : (n_steps, n_cells), 1 hot, -1 cold, 0 neither; trend : (n_cells,), 1 where z rises significantly, -1
    where it falls, else 0. The rules are read for hot spots, and mirrored for cold ones.

    Raises ValueError if a place meets more than one rule: the table is then at fault.
    """
    rules = rules or pattern_rules()
    state, trend = np.asarray(state), np.asarray(trend)
    found = np.full(state.shape[1], "none", dtype=object)
    met = np.zeros(state.shape[1], dtype=int)
    for side, sign in _SIGNS.items():
        facts = _facts(sign * state, sign * trend, rules.most)
        for key, when in rules.rules:
            fits = np.ones(state.shape[1], dtype=bool)
            for condition, wanted in when.items():
                fits &= facts[condition] == (_TRENDS[str(wanted)] if condition == "trend" else wanted)
            found[fits] = f"{key}_{side}"
            met += fits
    if (met > 1).any():
        raise ValueError(f"the rules are at fault: {int((met > 1).sum())} places meet more than one")
    return found


def _facts(state: np.ndarray, trend: np.ndarray, most: tuple[int, int]) -> dict[str, np.ndarray]:
    """Every condition of the table for every place, seen from the hot side."""
    hot, n_steps = state > 0, len(state)
    cool_since_end = np.logical_or.accumulate(~hot[::-1], axis=0)[::-1]  # a cooler step at or after this one
    return {
        "last": hot[-1],
        "opposite_last": state[-1] < 0,
        "before": hot[:-1].any(axis=0),
        "before_run": (hot & cool_since_end).any(axis=0),
        "most": most[1] * hot.sum(axis=0) >= most[0] * n_steps,
        "opposite": (state < 0).any(axis=0),
        "trend": trend,
    }
