"""How late incidents are reported, how complete the last bins are, and what they will hold in the end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import nbinom, norm


@dataclass(frozen=True)
class ReportingDelay:
    """Delay between occurrence and report in bins, estimated from a triangle whose lower right is not yet known.

    hazard : (D + 1,) share of those reported within d bins that came in the d-th; at_risk : (D + 1,) incidents each is
    estimated from. share : (D + 1,) completeness of a bin seen d bins after it, 1 at D. variance : of *share*.
    """

    hazard: np.ndarray
    at_risk: np.ndarray
    share: np.ndarray
    variance: np.ndarray

    @property
    def longest(self) -> int:
        """D, the delay after which a bin counts as complete."""
        return len(self.share) - 1

    def completeness(self, age: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Share reported of bins that ended *age* bins ago (0: the last one), and its variance; 1 and 0 beyond D."""
        within = np.minimum(np.asarray(age, dtype=np.int64), self.longest)
        return self.share[within], self.variance[within]

    def interval(self, age: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
        """Confidence limits of `completeness`, log-minus-log transformed (Kalbfleisch & Prentice), in [0, 1]."""
        share, variance = self.completeness(age)
        inner = (share > 0) & (share < 1) & (variance > 0)
        safe = np.where(inner, share, 0.5)
        reach = norm.ppf(0.5 + level / 2) * np.sqrt(np.where(inner, variance, 0)) / (safe * -np.log(safe))
        low, high = safe ** np.exp(reach), safe ** np.exp(-reach)
        return np.where(inner, low, share), np.where(inner, high, share)


@dataclass(frozen=True)
class Nowcast:
    """What bins will hold when everything is in, arrays (n,): `expected`, and the limits `low` and `high`."""

    observed: np.ndarray
    expected: np.ndarray
    low: np.ndarray
    high: np.ndarray


def reporting_delay(
    bins: np.ndarray,
    reported_bins: np.ndarray,
    count: np.ndarray,
    end_bin: int,
    longest: int = 28,
    window: int | None = None,
) -> ReportingDelay:
    """The distribution of the delay, from incidents reported before *end_bin*.

    The reverse-time hazard g(d) = n(d) / N(d): of the incidents reported within d bins, the share of the d-th, from
    the bins that are d or more bins old, so that what is still missing biases nothing. Completeness after d bins is the
    product of 1 - g over the delays beyond d. The chain ladder's development factors are 1 / (1 - g).

    Parameters
    ----------
    bins, reported_bins, count : (n,) bin of occurrence, bin of report, incidents; later than *end_bin* is left out.
    end_bin : the first bin not yet known. longest : D; longer delays count as D. window : for each delay only the
        newest so many bins that can tell it, None for all.

    Source: Lawless (1994), Canadian Journal of Statistics 22(1), 15-31; Greenwood's variance.
    """
    bins, delay, weight = np.asarray(bins), np.asarray(reported_bins) - np.asarray(bins), np.asarray(count, dtype=float)
    known = (delay >= 0) & (bins + delay < end_bin)
    age, delay, weight = end_bin - 1 - bins[known], np.minimum(delay[known], longest), weight[known]
    triangle = np.zeros((int(age.max(initial=0)) + 1, longest + 1))
    np.add.at(triangle, (age, delay), weight)
    within = triangle.cumsum(axis=1)
    last = len(triangle) if window is None else window
    new, at_risk = (
        np.array([table[d : d + last, d].sum() for d in range(longest + 1)]) for table in (triangle, within)
    )
    hazard = np.divide(new, at_risk, out=np.zeros(longest + 1), where=at_risk > 0)
    hazard[0] = 1.0
    stay = 1 - hazard[1:]
    share = np.concatenate([np.cumprod(stay[::-1])[::-1], [1.0]])
    each = np.divide(hazard[1:], at_risk[1:] * stay, out=np.zeros(longest), where=at_risk[1:] * stay > 0)
    variance = share**2 * np.concatenate([np.cumsum(each[::-1])[::-1], [0.0]])
    return ReportingDelay(hazard, at_risk, share, variance)


def nowcast(observed: np.ndarray, age: np.ndarray, delay: ReportingDelay, level: float = 0.95) -> Nowcast:
    """What bins that are *age* bins old and hold *observed* incidents will hold in the end.

    The expected number is observed / share (Lawless). Given the share w, what is missing is negative binomial with size
    observed + 1 and mean (observed + 1) (1 - w) / w: the posterior under a flat prior; the uncertainty of w is added to
    its variance. Where nothing at all was reported within the delay before (share 0) the limits are those of the
    smallest share that could be told.

    Parameters
    ----------
    observed, age : (n,) incidents so far, and bins since (0 for the last). level : of the interval.
    """
    seen = np.asarray(observed, dtype=float)
    share, spread = delay.completeness(age)
    share = np.maximum(share, 1 / (delay.at_risk.max(initial=0) + 2))
    mean = (seen + 1) * (1 - share) / share
    variance = mean / share + ((seen + 1) / share**2) ** 2 * spread
    size = mean**2 / np.maximum(variance - mean, 1e-12)
    open_ = mean > 0
    size, mean_ = np.where(open_, np.maximum(size, 1e-9), 1.0), np.where(open_, mean, 1.0)
    low, high = (nbinom.ppf(q, size, size / (size + mean_)) for q in (0.5 - level / 2, 0.5 + level / 2))
    return Nowcast(seen, seen / share, seen + np.where(open_, low, 0), seen + np.where(open_, high, 0))
