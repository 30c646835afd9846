"""Changes of level in the city's own series: what a baseline should know of, and nobody may have declared."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from ..cube import ALL_CLASSES
from ..models.anomaly import estimate_size, find_changes
from .points import known_class
from .preparation import Prepared


def change_table(
    ready: Prepared, node: str, replicates: int, random_state: int, progress: Callable[[float], None]
) -> pd.DataFrame:
    """One row per change of level of the whole city's series of a class, or of each top class where *node* is empty.

    Columns: category, changed_on (local start of the first bin of the new level), before and after (incidents per
    bin), ratio, p_value (the place of the change is paid for, the number of changes is not), event (a declared one
    that begins within a week). Bins without data are left out.
    """
    counts = ready.counts
    top = sorted({str(name).split("/")[0] for name in counts.table["category"].unique()})
    nodes = [known_class(counts, node)] if node else [ALL_CLASSES, *top]
    kept = np.flatnonzero(ready.valid)
    rows = []
    for number, name in enumerate(nodes):
        progress(number / len(nodes))
        series = counts.cube(name, 0, measure="distinct").counts[kept, 0]
        found = find_changes(series, size=estimate_size(series), replicates=replicates, random_state=random_state)
        for change in found:
            at = int(kept[change.index])
            rows.append((name, str(counts.bins[at].astype("datetime64[m]")), change.before, change.after,
                         change.ratio, change.p_value, _declared(ready, name, at)))  # fmt: skip
    return pd.DataFrame(rows, columns=["category", "changed_on", "before", "after", "ratio", "p_value", "event"])


def _declared(ready: Prepared, category: str, at: int) -> str:
    """The name of a declared event of the class that begins within a week of a bin."""
    reach = {"hour": 168, "day": 7, "week": 1}[ready.counts.bin]
    near = (e.name for e in ready.almanac.events if e.concerns(category) and abs(e.first - at) <= reach)
    return next(near, "")
