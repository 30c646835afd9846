"""What `check` finds: the account, every rule with its rows, duplicates, places, and what this import looks like."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import __version__
from ..errors import Notice
from ..layers.columns.names import option_of, suggest_columns
from ..layers.import_record import compare, make_record, read_record
from ..layers.incidents import FileRead
from ..layers.incidents.rules import DUPLICATES, NOT_CHOSEN, RULES, notice
from .class_tree import class_tree
from .preparation import Prepared
from .summary import summary_of

EXAMPLES = 5
"""Rows named per rule."""


def check_findings(ready: Prepared) -> dict[str, Any]:
    """What a run would use of the files and what not, as JSON-able facts; no value of a row among them."""
    intake, counts = ready.intake, ready.counts
    piles = ready.default_points
    quarantined = intake.quarantine["rule"].value_counts().to_dict()
    rules, notices = list(_rules(ready)), (*ready.notices, *_to_confirm(ready))
    return {
        "version": __version__,
        "plan_version": ready.plan.version,
        "account": ready.account,
        "mapping": dict(intake.mapping),
        "dropped_columns": list(intake.dropped_columns),
        "files": [_file_facts(f) for f in intake.files],
        "suggestions": list(_suggestions(ready)),
        "quarantine": {str(rule): int(n) for rule, n in quarantined.items()},
        "rules": rules,
        "near_duplicates": _near(ready),
        "class_policy": ready.privacy.policy.facts(),
        "callers": _callers(ready),
        "cells": {
            ready.cells.level_names.get(level, str(level)): len(counts.cells.rows_at(level))
            for level in counts.cells.levels()
        },
        "crs": ready.cells.crs.to_string() if ready.cells.crs.to_epsg() else ready.cells.crs.name,
        "period": {
            "first": pd.Timestamp(counts.bins[0]).isoformat(),
            "as_of": ready.as_of.isoformat(),
            "bins": len(counts.bins),
        },
        "sources": _sources(ready),
        "classes": {node: int(n) for node, n in _top_classes(ready).items()},
        "class_tree": class_tree(ready),
        "tested_classes": len(counts.nodes(ready.plan.class_depth)),
        "default_points": [
            {"rows": int(p.rows), "certain": bool(p.certain), "reason": p.reason, "reason_zh": p.reason_zh}
            for p in piles.itertuples()
        ],
        "missing_bins": int((~ready.valid).sum()),
        "notices": [{"code": n.code, "zh": n.zh, "en": n.en} for n in notices],
        "summary": summary_of(ready, rules, notices),
    }


def record_of(ready: Prepared) -> dict[str, Any]:
    """What this import looks like, for comparison with the next; of every class, whichever were chosen."""
    rows = ready.incidents
    if (ready.reasons == "excluded").any() and ready.points is not None:
        rows = ready.points[(ready.reasons == "used") | (ready.reasons == "excluded")]
    return make_record(
        [_file_facts(f) for f in ready.intake.files],
        rows,
        timezone=ready.plan.timezone,
        mapping=dict(ready.intake.mapping),
        plan_version=ready.plan.version,
    )


def findings_against(ready: Prepared, path: str | Path) -> dict[str, Any]:
    """How this import differs from the one whose record lies at *path*. Raises InputError if there is none."""
    before = read_record(path)
    return {"last_day": before["last_day"], **compare(before, record_of(ready)).as_dict()}


def marks_of(ready: Prepared) -> dict[str, np.ndarray]:
    """Places of a map of what was set aside, each (n, 2) in the cells' system: `outside`, `duplicate`, and `default`.

    `default` is (n, 3): x, y and the rows on each certain default point.
    """
    marks = {}
    if ready.points is not None:
        x, y = ready.points.geometry.x.to_numpy(), ready.points.geometry.y.to_numpy()
        for name in ("outside", "duplicate"):
            marks[name] = np.column_stack([x, y])[ready.reasons == name]
    piles = ready.default_points
    certain = piles[piles["certain"].astype(bool)] if len(piles) else piles
    marks["default"] = certain[["x", "y", "rows"]].to_numpy(float) if len(certain) else np.zeros((0, 3))
    return marks


def _file_facts(f: FileRead) -> dict[str, Any]:
    facts = {"name": f.name, "rows": f.rows, "encoding": f.encoding, "layout": f.layout, "crs": f.crs}
    return {**facts, "columns": list(f.columns)}


def _suggestions(ready: Prepared) -> Iterator[dict[str, str]]:
    for f in ready.intake.files:
        used = [part for name in f.mapping.values() for part in (name, *name.split(","))]
        for s in suggest_columns(f.columns, used, f.mapping):
            yield {"file": f.name, "column": s.column, "role": s.role, "like": s.like, "option": option_of(s.role)}


def _to_confirm(ready: Prepared) -> list[Notice]:
    """A notice per column whose name is nearly a known one; it is not used until the user says so."""
    return [notice("N-COL-005", **{k: s[k] for k in ("file", "column", "role", "option")}) for s in _suggestions(ready)]


def _rules(ready: Prepared) -> Iterator[dict[str, Any]]:
    """Every rule that set rows aside, with its words and the first rows it applies to."""
    tables = (
        (ready.intake.quarantine, RULES, "quarantined"),
        (ready.intake.excluded, RULES, "excluded"),
        (ready.duplicates, DUPLICATES, "duplicate"),
    )
    for table, rules, what in tables:
        for code in [code for code in rules if len(table) and (table["rule"] == code).any()]:
            rows = table[table["rule"] == code]
            rule = rules[code]
            facts = {"code": code, "what": what, "zh": rule.zh, "en": rule.en, "fix": rule.fix, "rows": len(rows)}
            yield {**facts, "files": _per_file(rows), "examples": _examples(rows)}
    left_out = ready.reasons == "excluded"
    if left_out.any() and ready.points is not None:
        rows, rule = pd.DataFrame(ready.points.loc[left_out, ["source_file", "source_row"]]), NOT_CHOSEN
        facts = {
            "code": rule.code,
            "what": "excluded",
            "zh": rule.zh,
            "en": rule.en,
            "fix": rule.fix,
            "rows": len(rows),
        }
        yield {**facts, "files": _per_file(rows), "examples": _examples(rows)}
    outside = ready.reasons == "outside"
    if outside.any() and ready.points is not None:
        rows = pd.DataFrame(ready.points.loc[outside, ["source_file", "source_row"]])
        told = next(n for n in ready.notices if n.code == "N-PLACE-001")
        facts = {"code": told.code, "what": "outside", "zh": "不在任何网格内", "en": "in no cell", "rows": len(rows)}
        fix = "Look at the map: the wrong city, the wrong coordinate system, or a hole in the cells."
        yield {**facts, "fix": fix, "files": _per_file(rows), "examples": _examples(rows)}


def _per_file(rows: pd.DataFrame) -> dict[str, int]:
    return {str(name): int(n) for name, n in rows["source_file"].value_counts(sort=False).items()}


def _examples(rows: pd.DataFrame) -> list[dict[str, Any]]:
    other = next((name for name in ("kept", "near") if f"{name}_row" in rows), "")
    out = []
    for _, row in rows.head(EXAMPLES).iterrows():
        example = {"file": str(row["source_file"]), "row": int(row["source_row"])}
        if other:
            example |= {f"{other}_file": str(row[f"{other}_file"]), f"{other}_row": int(row[f"{other}_row"])}
        out.append(example)
    return out


def _near(ready: Prepared) -> dict[str, Any]:
    near = ready.near_duplicates
    return {"rows": len(near), "examples": _examples(near) if len(near) else []}


def _callers(ready: Prepared) -> dict[str, int] | None:
    """How many callers there are and how many rows come from one who called before; None where callers were dropped."""
    if "caller" not in ready.incidents:
        return None
    named = ready.incidents["caller"][ready.incidents["caller"] != ""]
    return {"callers": int(named.nunique()), "repeated_rows": int(named.duplicated().sum())}


def _sources(ready: Prepared) -> dict[str, int]:
    return {str(name): int(n) for name, n in ready.incidents["source"].value_counts().items()}


def _top_classes(ready: Prepared) -> pd.Series:
    """Incidents used by class; each once, though it may count in a territorial and in a sectoral unit."""
    rows = ready.incidents["category"].astype(str).value_counts()
    top = rows.groupby(rows.index.str.split("/").str[0]).sum()  # few classes, many rows
    return top.sort_index().sort_values(ascending=False, kind="stable")
