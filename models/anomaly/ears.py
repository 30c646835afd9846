"""Early Aberration Reporting System: a bin against the few bins just before it (C1, C2, C3), for short histories."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy import stats
from sklearn.utils.validation import check_is_fitted

from ...cube import SpaceTimeCube
from ...params import check, param
from ..base import Estimator, check_cells, tail_evidence
from ..significance import nb_log_sf
from .dispersion import UPPER_90, upper_dispersion
from .past import running_sums

_LAG = {"C1": 1, "C2": 3, "C3": 3}  # bins from the end of the baseline to the bin judged
_SUMMED = {"C1": 1, "C2": 1, "C3": 3}  # bins whose sum the tail is of
_BASELINES = 16  # baselines the dispersion is learned from: 112 bins, where history has as many
_BLOCK = 512  # cells whose moments stay in the cache
_WIDE = 4096  # cells scored at a time, so that memory stays small


def ears_bounds(
    counts: np.ndarray,
    methods: tuple[str, ...] = ("C1", "C2", "C3"),
    baseline: int = 7,
    alpha: float = 0.001,
    min_sigma: float = 0.0,
) -> dict[str, np.ndarray]:
    """Upper bounds by method, each (n_times, n_cells), as R surveillance's `earsC` gives them; NaN for lack of history.

    C1: mean + z s of the `baseline` bins before; C2: of those that end two bins earlier; C3: the count itself
    + s (z - the excess over one s of the C2 scores of the two bins before), at least 0. s is the standard deviation,
    at least *min_sigma*, z the normal quantile of 1 - *alpha*. With s = 0, C1 and C2 are the mean, and C3 may be
    undefined: NaN.

    Source: Hutwagner et al. (2003), Journal of Urban Health 80, suppl. 1; Fricker et al. (2008), Statistics in Medicine
    27(17); C3 as R surveillance 1.20 computes it, with the count where the articles have the mean.
    """
    counts = np.ascontiguousarray(counts, dtype=float)
    upper = {method: np.empty_like(counts) for method in methods}
    for method, bounds in upper.items():
        bounds[: baseline + {"C1": 0, "C2": 2, "C3": 4}[method]] = np.nan
    unasked = np.empty((0, 0))
    asked = [upper.get(method, unasked) for method in ("C1", "C2", "C3")]
    _bounds(counts, baseline, float(stats.norm.isf(alpha)), min_sigma, *asked)
    return upper


@njit(cache=True, error_model="numpy")
def _bounds(
    counts: np.ndarray, baseline: int, z: float, min_sigma: float, c1: np.ndarray, c2: np.ndarray, c3: np.ndarray
) -> None:
    """Fill those of the bounds that have rows; blocks of cells, so that their moments stay in the cache."""
    n_times, n_cells = counts.shape
    means, sigmas = np.empty((n_times, _BLOCK)), np.empty((n_times, _BLOCK))
    for start in range(0, n_cells, _BLOCK):
        width = min(_BLOCK, n_cells - start)
        for t in range(baseline, n_times):
            mean, sigma = means[t], sigmas[t]
            _moments(counts, t - baseline, t, start, width, mean, sigma)
            for i in range(width):
                sigma[i] = max(sigma[i], min_sigma)
            if len(c1):
                for i in range(width):
                    c1[t, start + i] = mean[i] + z * sigma[i]
            if len(c2) and t + 2 < n_times:
                for i in range(width):
                    c2[t + 2, start + i] = mean[i] + z * sigma[i]
        if len(c3):
            for t in range(baseline + 4, n_times):
                for i in range(width):
                    one = (counts[t - 1, start + i] - means[t - 3, i]) / sigmas[t - 3, i]
                    two = (counts[t - 2, start + i] - means[t - 4, i]) / sigmas[t - 4, i]
                    c3[t, start + i] = counts[t, start + i] + sigmas[t - 2, i] * (z - (_over(one) + _over(two)))
                    if c3[t, start + i] < 0:
                        c3[t, start + i] = 0.0


@njit(cache=True, error_model="numpy")
def _over(score: float) -> float:
    """The excess over 1, at least 0; NaN stays NaN."""
    return 0.0 if score < 1 else score - 1


@njit(cache=True, error_model="numpy")
def _moments(
    counts: np.ndarray, first: int, end: int, start: int, width: int, mean: np.ndarray, sigma: np.ndarray
) -> None:
    """Mean and standard deviation of rows *first* to *end*, from deviations: equal counts have a deviation of 0."""
    size = end - first
    for i in range(width):
        origin, total, square = counts[first, start + i], 0.0, 0.0
        for t in range(first + 1, end):
            off = counts[t, start + i] - origin
            total += off
            square += off * off
        mean[i] = origin + total / size
        sigma[i] = np.sqrt(max(square - total * total / size, 0.0) / (size - 1))


def cdc_bounds(
    weekly: np.ndarray, years: int = 5, months: int = 1, alpha: float = 0.025
) -> tuple[np.ndarray, np.ndarray]:
    """Four-week sums and their upper bounds by the CDC's older method, (n_weeks, n_cells); NaN for lack of history.

    The bound is mean + z s sqrt(1 + 1/n), two-sided, of the sums that end 52 weeks a year back, shifted by up to
    *months* times four weeks to both sides.

    Source: Stroup et al. (1989), Statistics in Medicine 8(3). Independent: R surveillance's `algo.cdc`.
    """
    total = running_sums(np.asarray(weekly, dtype=float))
    sums = np.full(np.shape(weekly), np.nan)
    sums[3:] = total[4:] - total[:-4]
    ends = np.add.outer(52 * np.arange(1, years + 1), 4 * np.arange(-months, months + 1)).ravel()
    upper = np.full_like(sums, np.nan)
    first = int(ends.max()) + 3
    past = np.stack([sums[first - ago : len(sums) - ago] for ago in ends])
    spread = past.std(axis=0, ddof=1) * np.sqrt(1 + 1 / len(ends))
    upper[first:] = past.mean(axis=0) + stats.norm.isf(alpha / 2) * spread
    return sums, upper


@dataclass(eq=False, repr=False)
class EarsAnomaly(Estimator):
    """Units whose last bin holds more incidents than the week before it foretells; needs three weeks of history.

    `details` has the bound of R surveillance's `earsC`. That bound takes seven counts for a normal distribution that
    is known: at a nominal 0.001 it is exceeded by chance in 0.014 to 0.055 of all bins, and by any count where the
    seven are equal. So `log_p` is of the negative-binomial predictive: the mean learned from the baseline (Jeffreys'
    prior), the dispersion an upper 90 % limit from the variances within the baselines of the last 16 times `baseline`
    bins, hence free of drift and season. For C3 the count is that of three bins. Bins whose data are not complete are
    left out.

    Source: Hutwagner et al. (2003), Journal of Urban Health 80, suppl. 1; Fricker et al. (2008), Statistics in Medicine
    27(17). The tail is P(Y >= observed).
    """

    title = "Anomaly against the last week"
    title_zh = "近期基线异常检测(EARS)"
    about = (
        "The bound is that of earsC in R's surveillance. Because calm series exceed it rather often, what is "
        "judged is the negative-binomial predictive: the mean from the baseline, the scatter from the baselines "
        "before it. C3 looks at three bins together. Bins with incomplete data are left out."
    )
    about_zh = (
        "最近一个时段的件数是否多于前一周所预示的水平,约需三周历史。"
        "给出与 R 包 surveillance 中 earsC 相同的上限;"
        "由于该上限在平静时也会较常被超过,判定改用负二项预测分布,均值取自基线,"
        "离散度取自近期各基线。C3 方法看最近三个时段之和。数据不全的时段不用。"
    )
    has_null = True
    temporal = True

    method: str = param(
        "C1",
        "C1: the baseline ends just before; C2: two bins earlier; C3: three bins.",
        choices=("C1", "C2", "C3"),
        zh="方法",
    )
    baseline: int = param(7, "Bins that say what is ordinary.", unit="bins", low=3, high=60, zh="基线长度")
    alpha: float = param(0.001, "Chance of a count above the bound.", low=1e-6, high=0.2, zh="显著性水平")
    min_sigma: float = param(
        0.0, "Least standard deviation of the bound.", low=0.0, high=100.0, advanced=True, zh="最小标准差"
    )

    def fit(self, cube: SpaceTimeCube) -> EarsAnomaly:
        """Learn the cells; what is ordinary is learned at each bin from the bins before it."""
        check(self)
        self.cells_ = cube.cells.copy()
        return self

    def log_p(self, cube: SpaceTimeCube, last: int | None = None) -> np.ndarray:
        """(n_times, n_cells) natural logarithm of the tail; 0 where history is too short or the bin not complete.

        With *last*, only the last bins are scored and the others are 0.
        """
        check_is_fitted(self)
        check_cells(self, cube)
        found = np.zeros(cube.counts.shape)
        rows = np.flatnonzero(cube.valid)
        first = np.searchsorted(rows, 0 if last is None else cube.n_times - last)
        times = np.arange(max(first, self._needed()), len(rows))
        for start in range(0, cube.n_cells if len(times) else 0, _WIDE):
            cells = slice(start, start + _WIDE)
            counts = cube.counts[rows, cells].astype(float)
            observed, mean, size = self._predict(counts, times)
            found[rows[times], cells] = nb_log_sf(observed, mean, size)
        return found

    def _needed(self) -> int:
        """Complete bins before the first that is scored: a dispersion takes three baselines."""
        return 3 * self.baseline + _LAG[self.method] - 1

    def _predict(self, counts: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Observed counts, mean and size of the predictive at *times*, each (len(times), n_cells)."""
        n, summed = self.baseline, _SUMMED[self.method]
        end = times - _LAG[self.method] + 1
        total, square = running_sums(counts), running_sums(counts**2)
        sums = total[n:] - total[:-n]
        variance = np.maximum(square[n:] - square[:-n] - sums**2 / n, 0) / (n - 1)
        count = np.minimum(end - n + 1, (_BASELINES - 1) * n + 1)
        level = _mean_of_last(sums / n, end - n, count)
        freedom = ((count + n - 1) * (n - 1) / n)[:, None]
        spread = _mean_of_last(variance, end - n, count) / np.maximum(level, 1e-300)
        dispersion = upper_dispersion(spread, level, freedom, UPPER_90)
        mean = summed * (sums[end - n] + dispersion / 2) / n
        observed = total[times + 1] - total[times + 1 - summed]
        return observed, mean, mean / (dispersion - 1 + dispersion * summed / n)

    def evidence(self, cube: SpaceTimeCube, last: int | None = None) -> np.ndarray:
        """(n_times, n_cells) in [0, 1]: 0 is ordinary, 0.5 one chance in 30, near 1 far out; *last* as in `log_p`."""
        return tail_evidence(self.log_p(cube, last))

    def status(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_cells,) `ok`, `empty class`, `too few bins`, `data gap` (last bin not complete) or `flat baseline`.

        A baseline of equal counts has no standard deviation: the bound then is the predictive's.
        """
        if np.count_nonzero(cube.valid) <= self._needed():
            return np.full(cube.n_cells, "too few bins")
        if not cube.valid[-1]:
            return np.full(cube.n_cells, "data gap")
        status = np.where(self._flat(cube), "flat baseline", "ok")
        return np.where(cube.counts.sum(axis=0) == 0, "empty class", status)

    def _flat(self, cube: SpaceTimeCube) -> np.ndarray:
        lag = _LAG[self.method]
        rows = np.flatnonzero(cube.valid)[-self.baseline - lag : -lag]
        return np.ptp(cube.counts[rows], axis=0) == 0

    def details(self, cube: SpaceTimeCube) -> dict[str, np.ndarray]:
        """The last bin: its incidents (C3: of three bins), how many the baseline foretells, the bound, and alarms."""
        if set(self.status(cube)) <= {"too few bins", "data gap"}:
            zero = np.zeros(cube.n_cells)
            return {"observed": zero, "expected": zero, "upper": zero, "alarm": zero.astype(int)}
        counts = cube.counts[cube.valid].astype(float)
        observed, mean, size = (part[0] for part in self._predict(counts, np.array([len(counts) - 1])))
        reach = self.baseline + 5
        upper = ears_bounds(counts[-reach:], (self.method,), self.baseline, self.alpha, self.min_sigma)[self.method][-1]
        flat = self._flat(cube) & (self.min_sigma == 0) | ~np.isfinite(upper)
        upper[flat] = stats.nbinom.isf(self.alpha, size[flat], size[flat] / (size[flat] + mean[flat]))
        lone = np.where(flat, observed, counts[-1])  # the bound of C3 is one of the last bin, the predictive's of three
        return {"observed": observed, "expected": mean, "upper": upper, "alarm": (lone > upper).astype(int)}


def _mean_of_last(values: np.ndarray, last: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Means of the *count* rows of *values* that end with row *last*, by running sums."""
    total = running_sums(values)
    return (total[last + 1] - total[last + 1 - count]) / count[:, None]
