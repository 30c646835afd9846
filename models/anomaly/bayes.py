"""Short or sparse series: what the few bins before foretell, borrowing from siblings and from the class above."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats
from sklearn.utils.validation import check_is_fitted

from ...cube import SpaceTimeCube
from ...params import check, param
from ..base import Estimator, check_cells, tail_evidence
from ..significance import nb_log_sf
from .baseline import Baseline
from .past import BINS_A_DAY, history_status, running_sums


def bayes_bounds(
    counts: np.ndarray, years: int = 0, reach: int = 6, this_year: bool = True, alpha: float = 0.05, freq: int = 52
) -> np.ndarray:
    """Upper bounds of the Bayes subsystem: the 1 - *alpha* quantile of what the reference bins foretell.

    Parameters
    ----------
    counts : (n_times, n_cells) incidents per bin.
    years, reach, this_year : reference bins are the *reach* before (with *this_year*) and, of each of *years* years
        before, those within *reach* of the same bin; *freq* bins make a year.

    Returns
    -------
    (n_times, n_cells) bounds; inf where the reference bins reach back before the first.

    Source
    ------
    Riebler (2004); Höhle (2007) Comput. Stat. 22; `bayes` of R's surveillance (b = *years*, w = *reach*, actY =
    *this_year*): with Jeffreys' prior and n reference bins of sum B, negative binomial of size B + 1/2 and mean
    (B + 1/2) / n.
    """
    counts = np.atleast_2d(np.asarray(counts, dtype=float))
    if not 0 < alpha < 1 or reach < 1 or years < 0 or not (this_year or years):
        raise ValueError("alpha must lie between 0 and 1, reach be at least 1, and some bins be references")
    total = running_sums(counts)
    times = np.arange(len(counts))
    spans = [(times - reach, times)] if this_year else []
    spans += [(times - year * freq - reach, times - year * freq + reach + 1) for year in range(1, years + 1)]
    seen = sum(total[np.maximum(end, 0)] - total[np.maximum(start, 0)] for start, end in spans)
    bins = sum(int(end[0] - start[0]) for start, end in spans)
    bounds = stats.nbinom.ppf(1 - alpha, seen + 0.5, bins / (bins + 1))
    return np.where((times >= years * freq + reach)[:, None], bounds, np.inf)


@dataclass(eq=False, repr=False)
class BayesPredictive(Estimator):
    """Units whose last bin holds more incidents than a few bins before it foretell: for short or sparse series.

    The rate of a unit is gamma, the count to come negative binomial. The prior is pooled: up the hierarchy with the
    mean of the unit's siblings, as strong as siblings are alike; or, after `fit(cube, parent=cube of the class above)`,
    up the class tree with the unit's rate of the other classes below that one, times what this class comes to beside
    them over all units, as strong as units agree on that. With `pooling` "none" a unit stands alone.

    log p is the tail P(Y >= observed) of that predictive, with clustering and dispersion pooled over the cube. A unit
    alone has the size B + 1 where `bayes_bounds` (and R) has B + 1/2: then p is that of the exact conditional
    (binomial) test of two Poisson rates, and never anti-conservative.

    Source: Riebler (2004), `bayes` of R's surveillance; Przyborowski & Wilenski (1940) Biometrika 31 for the
    conditional test; gamma-Poisson pooling as in Gelman et al., Bayesian Data Analysis, 2.6.
    """

    title = "Anomaly of short or sparse series (Bayes)"
    title_zh = "短序列异常检测(贝叶斯)"
    about = (
        "The rate of a unit is gamma, the count to come negative binomial. The prior is the mean of its siblings, "
        "the stronger the more alike they are. A unit that stands alone gets the exact conditional test of two "
        "Poisson rates."
    )
    about_zh = (
        "适用于短序列或稀疏序列:最近一个时段是否多于之前少数几个时段所预示的水平。"
        "单元的发生率服从伽马分布,来日件数为负二项;先验取自同级单元的均值,各单元越相似,借用越多。"
        "单元孤立时与两泊松率的精确条件检验一致。"
    )
    has_null = True
    temporal = True

    baseline: int = param(
        42, "Days of the past that say what is ordinary.", unit="days", low=3, high=1500, zh="基线天数"
    )
    guard: int = param(0, "Days between the baseline and the bin tested.", unit="days", low=0, high=60, zh="隔离天数")
    min_history: int = param(
        7, "Complete days needed before anything is scored.", unit="days", low=2, high=365, advanced=True, zh="最少历史"
    )
    pooling: str = param(
        "siblings",
        "Whether a unit borrows from the other units of its parent, or stands alone.",
        choices=("siblings", "none"),
        zh="合并方式:借用同级单元(siblings)或不借用(none)。",
    )
    alpha: float = param(
        0.01, "Chance at which the upper bound is drawn.", low=1e-9, high=0.5, advanced=True, zh="上界显著性水平"
    )

    def fit(self, cube: SpaceTimeCube, parent: SpaceTimeCube | None = None) -> BayesPredictive:
        """Learn the cells and, where *parent* is the cube of the class above on the same units, its counts.

        Rates are learned at each bin from the bins before it. Bins of *parent* are matched by their start; what it
        holds for a bin is used for later bins only.

        Raises ValueError if *parent* has other cells.
        """
        check(self)
        self.cells_ = cube.cells.copy()
        if parent is not None:
            check_cells(self, parent)
        self.parent_ = parent
        return self

    def predict_bins(self, cube: SpaceTimeCube) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(mean, size, ready) of what each bin was expected to hold: (n_times, n_cells) twice, and (n_times,) bool."""
        check_is_fitted(self)
        check_cells(self, cube)
        past = Baseline(
            cube,
            self.baseline,
            self._gap(cube),
            self.min_history,
            alone=self.pooling == "none",
            beside=self._beside(cube),
        )
        mean, size, ready = np.zeros(cube.counts.shape), np.ones(cube.counts.shape), np.zeros(cube.n_times, dtype=bool)
        for state in past.walk():
            expected = state.level * past.phase_factor[state.bin]
            unsure = 1 / state.shape + state.dispersion + state.clustering / np.maximum(expected, 1e-9)
            mean[state.bin], size[state.bin] = expected, 1 / unsure
            ready[state.bin] = state.ready and cube.valid[state.bin]
        return mean, size, ready

    def log_p(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_times, n_cells) natural logarithm of the tail P(Y >= observed); 0 where history is too short."""
        mean, size, ready = self.predict_bins(cube)
        return np.where(ready[:, None], nb_log_sf(cube.counts, np.maximum(mean, 1e-12), size), 0.0)

    def evidence(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_times, n_cells) in [0, 1]: 0 is ordinary, 0.5 one chance in 30, near 1 far out."""
        return tail_evidence(self.log_p(cube))

    def status(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_cells,) `ok`, `empty class` or `too few bins`."""
        return history_status(cube, self.min_history * BINS_A_DAY[cube.bin] + self._gap(cube))

    def details(self, cube: SpaceTimeCube) -> dict[str, np.ndarray]:
        """`observed`, `expected`, `upper` (the 1 - alpha quantile) and `alarm` (observed above it) of the last bin."""
        mean, size, ready = (part[-1] for part in self.predict_bins(cube))
        chance = size / (size + np.maximum(mean, 1e-12))
        upper = stats.nbinom.ppf(1 - self.alpha, size, chance)
        observed = cube.counts[-1].astype(float)
        return {
            "observed": observed,
            "expected": mean,
            "upper": upper,
            "alarm": ((observed > upper) & ready).astype(int),
        }

    def _gap(self, cube: SpaceTimeCube) -> int:
        return 1 + int(np.ceil(self.guard * BINS_A_DAY[cube.bin]))

    def _beside(self, cube: SpaceTimeCube) -> np.ndarray | None:
        """(n_times, n_cells) what the class above holds beside this one: the same incidents never speak twice."""
        if self.parent_ is None:
            return None
        place = {start: row for row, start in enumerate(self.parent_.bins)}
        rows = np.asarray([place.get(start, -1) for start in cube.bins])
        return np.where(rows[:, None] >= 0, np.maximum(self.parent_.counts[rows] - cube.counts, 0), 0)
