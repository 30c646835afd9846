"""The surveillance line: which settings decide what is warned of, and what becomes of warnings when one is changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from ..layers import ledger as ledgers
from ..layers.incidents.rules import notice
from ..models.early_warning import WarningRules
from .outcome import Outcome
from .plan import Plan, plan_params
from .scope import nodes_of

NO_MATTER: dict[str, tuple[str, ...]] = {
    "plan": ("title", "city", "classification", "as_of", "window", "people", "tiles", "map_credit"),
    "early_warning": ("line",),
    "getis_ord": ("*",),
    "kernel_density": ("*",),
}
"""Table of the plan -> settings that change no warning: words, the moment, what is only drawn, the line's own name.

Every other setting starts a new line when it is changed, also one that is not known yet: to start a line too many costs
a few weeks of history, to change what is warned of in secret costs the record its worth.
"""


_SCOPE = "plan.classes"


def line_of(plan: Plan, calibration: str = "") -> dict[str, Any]:
    """{"name", "fingerprint", "settings"} of the surveillance line a plan stands for.

    `settings` maps `table.name` to the value, for exactly the settings that change which warnings come out; the
    fingerprint is twelve hex digits of them and of *calibration*, the hash of thresholds learned on the city's history.
    """
    settings: dict[str, Any] = dict(_settings(plan))
    if calibration:
        settings["calibration"] = calibration
    text = json.dumps(settings, sort_keys=True, ensure_ascii=False)
    fingerprint = hashlib.sha256(text.encode()).hexdigest()[:12]
    return {"name": plan.early_warning.line, "fingerprint": fingerprint, "settings": settings}


def _settings(plan: Plan) -> Iterator[tuple[str, Any]]:
    for table, values in plan.as_dict().items():
        left_out = NO_MATTER.get(table, ())
        for name, value in values.items():
            if "*" not in left_out and name not in left_out and f"{table}.{name}" != _SCOPE:
                yield f"{table}.{name}", value
    scope = list(nodes_of(plan.classes))
    if scope:  # without one the line is that of plans from before there was a choice
        yield _SCOPE, scope


def rules_in_line(plan: Plan, calibration: str = "") -> WarningRules:
    """The plan's rules with `line` as name@fingerprint, which makes it part of every warning's identity."""
    line = line_of(plan, calibration)
    return replace(plan.early_warning, line=f"{line['name']}@{line['fingerprint']}")


def started_before(book: ledgers.Ledger, name: str, as_of: str) -> dict[str, Any] | None:
    """What the ledger holds of the last line of that name begun before *as_of*: line, fingerprint, settings, or None.

    What a run at *as_of* itself began does not count, so that the same run once more says the same.
    """
    events = [e for e in book.events("") if e["event"] == ledgers.LINE_STARTED and _wall(e["time"]) < _wall(as_of)]
    found = [payload for payload in (json.loads(e["payload"]) for e in events) if payload["name"] == name]
    return found[-1] if found else None


def other_lines(book: ledgers.Ledger, name: str) -> list[str]:
    """Names of other lines in the ledger. Runs of several lines cannot tell which run was the last one of theirs."""
    started = (json.loads(e["payload"])["name"] for e in book.events("") if e["event"] == ledgers.LINE_STARTED)
    return sorted({*started} - {name})


def _wall(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=None)


def split_by_line(
    issued: Sequence[Mapping[str, Any]], line: Mapping[str, Any], last: Mapping[str, Any] | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Warnings of the last issued run that are of this line, and those of the line of that name before it.

    A ledger from before there were lines names none: its warnings are of this line. Warnings of a line of another name
    are in neither.
    """
    current = "" if last is None or last["fingerprint"] != line["fingerprint"] else str(last["line"])
    own, former = [], []
    for row in issued:
        of = str(row.get("line") or "")
        if not of or of == current:
            own.append(dict(row))
        elif of.rpartition("#")[0] == line["name"]:
            former.append(dict(row))
    return own, former


def succeed(
    outcome: Outcome,
    former: Sequence[Mapping[str, Any]],
    line: Mapping[str, Any],
    last: Mapping[str, Any] | None,
    others: Sequence[str] = (),
) -> Outcome:
    """The outcome whose warnings of a unit and class that a *former* line had too are linked to those, as successors.

    The id is new, since other rules gave it; `facts["carried"]` links both, so that what people did carries over.
    `facts["line"]` tells the line. Notices say where a setting changed, and that *others* (names of lines) are kept in
    the same ledger.
    """
    heirs = {(str(row["cell_id"]), str(row["category"])): str(row["warning_id"]) for row in former}
    table = outcome.early_warnings
    carried = [
        {"warning_id": own, "cell_id": cell, "former_id": heirs[cell, category], "former_cell_id": cell, "why": "line"}
        for own, cell, category in zip(table["warning_id"], table["cell_id"], table["category"], strict=True)
        if (cell, category) in heirs
    ]
    changed = {} if last is None else _changes(last["settings"], line["settings"])
    told = {"name": line["name"], "fingerprint": line["fingerprint"], "changed": changed}
    facts = {**outcome.facts, "line": told}
    if carried:
        facts["carried"] = [*outcome.facts.get("carried", []), *carried]
    if changed:
        found = notice("N-LINE-001", name=line["name"], n=len(carried), **_in_words(changed))
        facts["notices"] = [*facts["notices"], {"code": found.code, "zh": found.zh, "en": found.en}]
    if others:
        found = notice("N-LINE-002", name=line["name"], others=", ".join(others), others_zh="、".join(others))
        facts["notices"] = [*facts["notices"], {"code": found.code, "zh": found.zh, "en": found.en}]
    return replace(outcome, early_warnings=_with_caveats(table, carried), facts=facts)


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    names = sorted({*before, *after})
    return {name: [before.get(name), after.get(name)] for name in names if before.get(name) != after.get(name)}


def _in_words(changed: Mapping[str, Sequence[Any]], most: int = 5) -> dict[str, str]:
    """What changed, by the settings' own words in Chinese and by their names."""
    words = {f"{table}.{own}": p.zh or own for _, table, own, _, _, p in plan_params()}
    plain = lambda value: "-" if value is None else "+".join(map(str, value)) if isinstance(value, list) else str(value)  # noqa: E731
    parts = [(name, f"{plain(old)} → {plain(new)}") for name, (old, new) in list(changed.items())[:most]]
    return {
        "changes": ", ".join(f"{name} {values}" for name, values in parts),
        "changes_zh": "、".join(f"{words.get(name, name)} {values}" for name, values in parts),
    }


def _with_caveats(table: Any, carried: Sequence[Mapping[str, str]]) -> Any:
    if not carried:
        return table
    table = table.copy()
    for entry in carried:
        own = table["warning_id"] == entry["warning_id"]
        note = f"监测线变更,接续{entry['former_id']}"
        table.loc[own, "caveats"] = [f"{text};{note}" if text else note for text in table.loc[own, "caveats"]]
    return table
