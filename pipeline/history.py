"""The last days of every unit, for the map that plays them."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from ..layers.briefing.history import History
from .preparation import Prepared
from .surveillance import BIN_DAYS, visible_at

MOST_DAYS = 365
"""Days played; of hours as many as there are days of."""


def history_of(ready: Prepared, lowest_level: Callable[[str], int]) -> History:
    """Incidents of the finest territorial units in the last bins, one year of days or weeks at most.

    Classes that are only described are not among them: the page shows single cells.
    """
    counts, plan = ready.counts, ready.plan
    n_bins = min(MOST_DAYS if plan.bin != "week" else round(MOST_DAYS * BIN_DAYS["day"] / 7), len(counts.bins))
    finest = max(counts.cells.levels())
    recent = visible_at(counts.since(counts.end_bin - n_bins), finest, lowest_level)
    units = recent.cells.lineage[recent.table["cell"].to_numpy(), finest]
    placed = (units >= 0) & (recent.cells.role[units.clip(0)] == "territorial")
    table = pd.DataFrame(
        {
            "cell_id": recent.cells.cell_id[units[placed]],
            "step": recent.table["bin"].to_numpy()[placed] - recent.first_bin,
            "incidents": recent.table["count"].to_numpy()[placed],
        }
    )
    summed = table.groupby(["step", "cell_id"], as_index=False, sort=True)["incidents"].sum()
    return History(recent.bins, ready.valid[-n_bins:], summed)
