"""Bins without data, as the days that followed found them: raised as outages, never as calm."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..preparation import Prepared

SETTLED = 3
"""Complete bins in a row after which an outage is over; until then no calm is claimed."""

COLUMNS = "start end raised missing between incidents usual kind".split()


class OutageLog:
    """Remembers, run after run, which bins were found to be missing and when that was said first."""

    def __init__(self, first: np.datetime64):
        self.first = first
        self._raised: dict[np.datetime64, pd.Timestamp] = {}
        self._last: Prepared | None = None

    def see(self, ready: Prepared) -> str:
        """Take note of a day's outages; says how its data are: `outage`, `settling` or `complete`."""
        for start in ready.counts.bins[~ready.valid]:
            self._raised.setdefault(start, ready.as_of)
        self._last = ready
        if not ready.valid[-1]:
            return "outage"
        return "complete" if ready.valid[-SETTLED:].all() else "settling"

    def table(self) -> pd.DataFrame:
        """One row per outage that reached into the stretch, see COLUMNS.

        start, end : first missing bin, and the one after the last; raised : the moment of decision at which it was
        first said; missing, between : bins missing, and complete ones among them; incidents : of the missing bins;
        usual : of a bin, the median of the 84 complete ones before; kind : `none` (no incident at all) or `partial`.
        """
        if self._last is None:
            return pd.DataFrame(columns=COLUMNS)
        bins, total = self._last.counts.bins, self._last.counts.cube(unit_level=0).counts[:, 0]
        missing = np.flatnonzero(np.isin(bins, np.array(list(self._raised), dtype=bins.dtype)))
        runs = np.split(missing, np.flatnonzero(np.diff(missing) > SETTLED) + 1) if len(missing) else []
        rows = [self._row(run, bins, total, missing) for run in runs if bins[run[-1]] >= self.first]
        return pd.DataFrame(rows, columns=COLUMNS)

    def _row(self, run: np.ndarray, bins: np.ndarray, total: np.ndarray, missing: np.ndarray) -> dict[str, object]:
        before = np.setdiff1d(np.arange(run[0]), missing)[-84:]
        incidents = int(total[run].sum())
        step = bins[1] - bins[0]
        return {
            "start": pd.Timestamp(bins[run[0]]),
            "end": pd.Timestamp(bins[run[-1]] + step),
            "raised": min(self._raised[bins[i]] for i in run),
            "missing": len(run),
            "between": int(run[-1] - run[0] + 1 - len(run)),
            "incidents": incidents,
            "usual": float(np.median(total[before])) if len(before) else np.nan,
            "kind": "partial" if incidents else "none",
        }
