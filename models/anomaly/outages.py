"""Bins whose data are missing: silence is not calm."""

from __future__ import annotations

import numpy as np


def find_outages(total: np.ndarray, bin: str = "day", reach: int = 84, share: float = 0.4) -> np.ndarray:
    """(n_times,) bool, True where the whole city reported so little that data must be missing.

    A day (hours are judged by their day) or week is low when it holds less than *share* of the median of the last
    *reach* complete bins and the Poisson chance of so few is below 1e-6. Low bins are outages, unless the same
    weekday was low in the three weeks before, among ordinary days: that is a weekend. The first seven bins are taken
    as complete.
    """
    per_day = 24 if bin == "hour" else 1
    days = np.add.reduceat(total, np.arange(0, len(total), per_day)) if len(total) else total
    low, out = np.zeros(len(days), dtype=bool), np.zeros(len(days), dtype=bool)
    for i, value in enumerate(days):
        known = np.flatnonzero(~out[:i])[-reach:]
        if len(known) < 7:
            continue
        usual = float(np.median(days[known]))
        # Chernoff bound on P(Poisson(usual) <= value): exact enough to say "impossible"
        log_chance = value - usual + (value * np.log(usual / value) if value > 0 and usual > 0 else 0.0)
        low[i] = usual > 0 and value < share * usual and log_chance < np.log(1e-6)
        weekend = i >= 21 and bin != "week" and low[[i - 7, i - 14, i - 21]].all() and low[i - 6 : i].sum() <= 2
        out[i] = low[i] and not weekend
    return np.repeat(out, per_day)[: len(total)]
