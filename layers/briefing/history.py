"""What fell where on each of the last days, small enough to be played on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .shapes import packed, varints

MOST_ENTRIES = 1_200_000
"""Cells with incidents, added up over the bins, that a page plays: older bins beyond are left out."""


@dataclass(frozen=True)
class History:
    """Incidents of the finest territorial units over time.

    `times` (n_bins,) local starts of the bins, oldest first; `valid` (n_bins,) False where data were not reported.
    `table`: one row per unit and bin with incidents: `cell_id`, `step` (number of the bin in `times`), `incidents`.
    """

    times: np.ndarray
    valid: np.ndarray
    table: pd.DataFrame


def make_history(history: History, cell_ids: list[str]) -> dict[str, Any]:
    """The history as the page reads it; *cell_ids* are the units of the finest level in the page's order.

    Keys: `t` times, `v` complete bins, `n` entries per bin, `c` the units of all entries, bin after bin and rising
    within one, as differences, `k` their incidents.
    """
    place = pd.Index(cell_ids).get_indexer(history.table["cell_id"].astype(object))
    step = history.table["step"].to_numpy(np.int64)
    incidents = history.table["incidents"].to_numpy(np.int64)
    sizes = np.bincount(step[place >= 0], minlength=len(history.times))
    first = int(np.searchsorted(np.cumsum(sizes[::-1]), MOST_ENTRIES))
    begin = max(len(sizes) - max(first, 1), 0)
    kept = np.flatnonzero((place >= 0) & (step >= begin))
    order = kept[np.lexsort((place[kept], step[kept]))]
    return {
        "t": [pd.Timestamp(time).strftime("%Y-%m-%dT%H:%M") for time in history.times[begin:]],
        "v": [bool(value) for value in history.valid[begin:]],
        "n": varints(sizes[begin:]),
        "c": packed(place[order]),
        "k": varints(incidents[order]),
    }
