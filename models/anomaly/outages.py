"""Bins whose data are missing: silence is not calm."""

from __future__ import annotations

import numpy as np

_IMPOSSIBLE = np.log(1e-6)


def find_outages(
    total: np.ndarray, bin: str = "day", reach: int = 84, share: float = 0.4, start_hour: int = 0
) -> np.ndarray:
    """(n_times,) bool, True where the whole city reported so little that data must be missing.

    A day or week is low when it holds less than *share* of the median of the last *reach* complete bins. A run of low
    bins is an outage when the Poisson chance of so few in all of them is below 1e-6: one day in a large city, several
    in a small one. A day that was low in each of the three weeks before, among ordinary days, is a weekend and no
    outage. The first seven bins are taken as complete. Hours are judged by their local day, the first of *total*
    being *start_hour*; a day not wholly covered is not judged.
    """
    if bin == "hour":
        day = (np.arange(len(total)) + start_hour) // 24
        whole = np.bincount(day) == 24 if len(total) else np.zeros(0, dtype=bool)
        found = np.zeros(len(whole), dtype=bool)
        found[whole] = find_outages(np.bincount(day, weights=total)[whole], "day", reach, share)
        return found[day]
    low, out, run, chance = np.zeros(len(total), dtype=bool), np.zeros(len(total), dtype=bool), 0, 0.0
    for i, value in enumerate(total):
        known = np.flatnonzero(~out[:i])[-reach:]
        usual = float(np.median(total[known])) if len(known) >= 7 else 0.0
        low[i] = value < share * usual
        weekend = i >= 21 and bin != "week" and low[[i - 7, i - 14, i - 21]].all() and low[i - 6 : i].sum() <= 2
        if not low[i] or weekend:
            run, chance = 0, 0.0
            continue
        # Chernoff bound on P(Poisson(usual) <= value): exact enough to say "impossible"
        run, chance = run + 1, chance + value - usual + (value * np.log(usual / value) if value > 0 else 0.0)
        if chance < _IMPOSSIBLE:
            out[i - run + 1 : i + 1] = True
    return out
