"""Whether what grid workers only report (报备) collapses while citizens' calls rise: a blind spot that opens again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from .comparison import exact_ratios
from .significance import benjamini_hochberg


@dataclass(frozen=True)
class Shift:
    """Of each of (n,) places: `fall` and `rise` (ratio now over before of reports and of calls), `p_value` that chance
    would show both, `q_value` over all places, and `alarm`.
    """

    fall: np.ndarray
    rise: np.ndarray
    p_value: np.ndarray
    q_value: np.ndarray
    alarm: np.ndarray


def reporting_shift(
    reported: tuple[np.ndarray, np.ndarray],
    calls: tuple[np.ndarray, np.ndarray],
    totals: tuple[np.ndarray, np.ndarray],
    *,
    exposure: np.ndarray | float = 1.0,
    dispersion: tuple[np.ndarray | float, np.ndarray | float] = (1.0, 1.0),
    collapse: float = 0.5,
    level: float = 0.05,
) -> Shift:
    """Places where reports fell, their share among all incidents fell, and citizens' calls rose, all three at once.

    reported, calls, totals : (now, before), (n,) counts each: 报备, calls of citizens, and all incidents of the class
    and place. *exposure* is that of now over that of before. *dispersion* (variance over mean) of reports and of calls
    widens their tests. An alarm needs reports down to *collapse* or less and a false-discovery rate of *level*.

    The p-value is the largest of three exact ones, each of one side: the test of a union of nulls has the size of its
    parts (Berger 1982), so that calls that rise alone, or reports that fall with everything else, make no alarm.
    """
    fell = exact_ratios(*reported, exposure, 1.0, dispersion[0])
    rose = exact_ratios(*calls, exposure, 1.0, dispersion[1])
    p = np.maximum(np.maximum(fell.lower, rose.upper), _share_fell(reported, totals, dispersion[0]))
    tested = (reported[0] + reported[1] > 0) & (calls[0] + calls[1] > 0)
    q = np.ones(len(p))
    if tested.any():
        q[tested] = benjamini_hochberg(p[tested])
    alarm = tested & (q <= level) & (fell.ratio <= collapse) & (rose.ratio > 1)
    return Shift(fell.ratio, rose.ratio, np.where(tested, p, 1.0), q, alarm)


def _share_fell(
    reported: tuple[np.ndarray, np.ndarray], totals: tuple[np.ndarray, np.ndarray], dispersion: np.ndarray | float
) -> np.ndarray:
    """Fisher's exact chance of so small a share of reports now, given all margins, of counts worth their dispersion."""
    worth = [np.floor(np.asarray(part, float) / dispersion).astype(int) for part in (*reported, *totals)]
    now, before, all_now, all_before = worth
    all_now, all_before = np.maximum(all_now, now), np.maximum(all_before, before)
    chance = stats.hypergeom.cdf(now, all_now + all_before, now + before, all_now)
    return np.clip(np.nan_to_num(np.asarray(chance, float), nan=1.0), 0.0, 1.0)  # nan: nothing to draw from
