"""How the hot spots of the last half year came about: new, lasting, fading ... for every unit of the map."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from ..cube import ALL_CLASSES
from ..models.emerging import EmergingHotspots
from .preparation import Prepared
from .surveillance import BIN_DAYS, visible_at

WEEKS = 26
LEAST_UNITS = 8
"""Among fewer units nothing stands out in space."""

MOST_VALUES = 2_000_000
"""Units × weeks looked at; with more units fewer weeks, never fewer than the model needs."""


def find_patterns(ready: Prepared, lowest_level: Callable[[str], int]) -> pd.DataFrame:
    """Columns cell_id, pattern: all classes together, every territorial level below the city, weekly steps.

    Patterns are the keys of `models.emerging.pattern_rules`, `none` where there is none or too little was reported.
    """
    counts, parts = ready.counts, []
    for level in counts.cells.levels():
        n_units = len(counts.cells.rows_at(level))
        if level == 0 or n_units < LEAST_UNITS:
            continue
        weeks = max(min(WEEKS, MOST_VALUES // n_units), 12)
        n_bins = min(round(weeks * 7 / BIN_DAYS[ready.plan.bin]), len(counts.bins))
        recent = counts.since(counts.end_bin - n_bins)
        cube = visible_at(recent, level, lowest_level).cube(ALL_CLASSES, level, valid=ready.valid[-n_bins:])
        found = EmergingHotspots().fit(cube).emergence(cube)
        parts.append(pd.DataFrame({"cell_id": cube.cells, "pattern": np.asarray(found.pattern, dtype=str)}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"cell_id": [], "pattern": []})
