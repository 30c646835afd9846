"""What a re-division of cells means for a run: codes of former cells, and open warnings that carry on in new ones."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import Notice
from ..layers import ledger as ledgers
from ..layers import style
from ..layers.grids import CellLayer, carry_over, crosswalk, read_cells, recode
from ..layers.grids.rules import told
from ..layers.grids.versions import changed_since
from ..layers.incidents import Intake
from .cells import reading_of
from .outcome import Outcome
from .plan import Plan

if TYPE_CHECKING:
    from .preparation import Inputs

INHERITED = {
    "judged": ("judged",),
    "assigned": ("assigned",),
    "received": ("assigned",),
    "supervised": ("assigned",),
    "handled": ("assigned", "handled"),
    "verified": ("assigned", "handled"),
    "reported": ("assigned", "reported"),
    "closed": ("dismissed",),
    "dismissed": ("dismissed",),
    "cancelled": ("dismissed",),
}
"""Step of a warning -> events that bring its heir to the same state; one that was only reported was never handled."""


def codes_of_today(intake: Intake, cells: CellLayer, plan: Plan) -> tuple[Intake, list[Notice]]:
    """The intake whose rows without coordinates bear codes of today's cells, and what to tell of it.

    Raises InputError where their cells were divided anew, unless the plan's `redivision` is `areal`.
    """
    rows = intake.unplaced
    if cells.versions is None or rows is None or rows.empty or "cell_code" not in rows:
        return intake, []
    local = pd.DatetimeIndex(rows["time"]).tz_convert(plan.timezone).tz_localize(None)
    codes, _, notices = recode(
        rows["cell_code"].to_numpy(dtype=object),
        local.to_numpy(dtype="datetime64[us]"),
        cells,
        areal=plan.redivision == "areal",
    )
    return replace(intake, unplaced=rows.assign(cell_code=codes)), notices


def walk_since(cells: CellLayer, before: pd.Timestamp, reading: Mapping[str, Any]) -> pd.DataFrame | None:
    """How the units of every level at the local instant *before* lie in those of *cells*; None where none changed.

    *reading* holds the arguments of `read_cells` that gave *cells*, its path among them.
    """
    if not changed_since(cells, before):
        return None
    then = read_cells(**reading, valid_at=before, working_crs=cells.crs)
    finest = [layer.table[layer.table["unit_level"] > 0] for layer in (then, cells)]
    parts = [
        crosswalk(finest[0][finest[0]["unit_level"] == level], finest[1][finest[1]["unit_level"] == level])
        for level in sorted(set(finest[0]["unit_level"]) & set(finest[1]["unit_level"]))
    ]
    return pd.concat(parts, ignore_index=True)


def carry_warnings(
    table: pd.DataFrame, last: Sequence[Mapping[str, Any]], walk: pd.DataFrame
) -> tuple[list[dict[str, str]], list[Notice]]:
    """Which warnings of today continue one of the *last* run whose cell was divided anew, and what to tell.

    Each entry names `warning_id` and `cell_id` of today, `former_id` and `former_cell_id`. A warning continues another
    of its class and role on the new cell that holds most of the former one's ground. One whose id is still among
    today's needs no heir; where the ground has no warning of its class today, that is told with both codes.
    """
    today, before = set(table["warning_id"]), {str(row["warning_id"]) for row in last}
    free = table[~table["phase"].isin(style.OVER_PHASES) & ~table["warning_id"].isin(before)]
    carried, lost = [], []
    for row in last:
        heirs = dict(carry_over(str(row["cell_id"]), walk))
        if row["warning_id"] in today or set(heirs) <= {row["cell_id"]}:
            continue
        taken = [entry["warning_id"] for entry in carried]
        fit = free[(free["category"] == row["category"]) & (free["role"] == row["role"])]
        fit = fit[fit["cell_id"].isin(heirs) & ~fit["warning_id"].isin(taken)]
        if fit.empty:
            lost.append(f"{row['cell_id']}→{'/'.join(heirs)}")
            continue
        share = fit["cell_id"].map(heirs).to_numpy(float)
        heir = fit.iloc[int(np.argmax(share))]
        facts = {"warning_id": heir["warning_id"], "cell_id": heir["cell_id"]}
        carried.append({**facts, "former_id": str(row["warning_id"]), "former_cell_id": str(row["cell_id"])})
    pairs = [f"{entry['former_cell_id']}→{entry['cell_id']}" for entry in carried]
    notices = [told("N-CELL-033", n=len(pairs), pairs="、".join(pairs[:5]))] if pairs else []
    return carried, notices + ([told("N-CELL-034", n=len(lost), pairs="、".join(lost[:5]))] if lost else [])


def with_former_codes(table: pd.DataFrame, carried: Sequence[Mapping[str, str]]) -> pd.DataFrame:
    """*table* whose caveats name the former code beside today's, where a warning carries on."""
    table = table.copy()
    for entry in carried:
        own = table["warning_id"] == entry["warning_id"]
        note = f"网格调整:原{entry['former_cell_id']},现{entry['cell_id']}"
        table.loc[own, "caveats"] = [f"{text};{note}" if text else note for text in table.loc[own, "caveats"]]
    return table


def last_moment(book: ledgers.Ledger, as_of: str) -> pd.Timestamp | None:
    """The moment of decision of the last run the ledger has before *as_of*, local; None where there was none."""
    runs = [pd.Timestamp(event["time"]) for event in book.events("") if event["event"] == ledgers.RUN_ISSUED]
    now = pd.Timestamp(as_of).tz_localize(None)
    return max((run.tz_localize(None) for run in runs if run.tz_localize(None) < now), default=None)


def carry_on(
    outcome: Outcome, last: Sequence[Mapping[str, Any]], moment: pd.Timestamp | None, inputs: Inputs | None
) -> Outcome:
    """The outcome with the heirs of the *last* run's warnings named, where cells were divided anew since *moment*.

    Then `facts["carried"]` lists them (see `carry_warnings`), caveats show both codes, and notices tell of them.
    """
    if inputs is None or inputs.cells is None or moment is None or not last:
        return outcome
    walk = walk_since(outcome.cells, moment, reading_of(inputs))
    if walk is None:
        return outcome
    carried, notices = carry_warnings(outcome.early_warnings, last, walk)
    listed = [*outcome.facts["notices"], *({"code": n.code, "zh": n.zh, "en": n.en} for n in notices)]
    table = with_former_codes(outcome.early_warnings, carried)
    return replace(outcome, early_warnings=table, facts={**outcome.facts, "carried": carried, "notices": listed})


def inherit_states(book: ledgers.Ledger, outcome: Outcome) -> None:
    """Record for every warning that carries another on what people had done about that one; twice adds nothing.

    The verdict, the unit and the deadline come along. One that was closed and comes back at a higher level is to be
    judged again. The former warning, where it is not closed, is cancelled with a link to its heir: of one phenomenon
    one warning is open.
    """
    table, rows = outcome.early_warnings.set_index("warning_id"), {row["warning_id"]: row for row in book.warnings()}
    for entry in outcome.facts.get("carried", []):
        own, former = entry["warning_id"], rows[entry["former_id"]]
        if _inherited(book, own, entry["former_id"]):
            continue
        raised = table.loc[own, "change"] == ledgers.RAISED
        closed = former["state"] == ledgers.CLOSED
        facts = {"actor": "run", "time": outcome.facts["as_of"], "once": entry["former_id"]}
        note = f"沿用{entry['former_id']}:{_why(entry)}"
        for step in ("noted", *(INHERITED.get(former["step"], ()) if not (raised and closed) else ())):
            book.record(own, step, note=note, payload={**entry, **_known_of(former, step)}, **facts)
        if not closed:
            facts["once"] = own
            book.record(
                entry["former_id"], "cancelled", note=f"由{own}接续:{_why(entry)}", payload={"successor": own}, **facts
            )


def _inherited(book: ledgers.Ledger, own: str, former: str) -> bool:
    notes = (json.loads(event["payload"]) for event in book.events(own) if event["event"] == "noted")
    return any(note.get("former_id") == former for note in notes)


def _why(entry: Mapping[str, str]) -> str:
    if entry.get("why") == "line":
        return "监测线变更"
    return f"原{entry['former_cell_id']},现{entry['cell_id']}"


def _known_of(former: Mapping[str, Any], step: str) -> dict[str, Any]:
    """What an event of the heir keeps of the former warning: the verdict, whom it went to, by when."""
    if step in ("judged", "dismissed"):
        return {"verdict": former["verdict"] or "unclear"}
    if step != "assigned":
        return {}
    kept = {"to": former["assigned_to"], "due": former["due"], "verdict": former["verdict"]}
    return {name: value for name, value in kept.items() if value}
