"""Which detector a unit's past can carry: by its length and its sparsity, with the reason in words."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats
from sklearn.utils.validation import check_is_fitted

from ...cube import SpaceTimeCube
from ...params import check, param
from ..base import Estimator, check_cells, tail_evidence
from .bayes import BayesPredictive
from .farrington import FarringtonAnomaly
from .past import running_sums
from .predictive import NegativeBinomialPredictive
from .reference_weeks import Weeks, whole_weeks

METHODS = ("farrington", "farrington_one_year", "nb_predictive", "poisson_pooled")
"""The rungs, from the top: their codes in `method`."""

_WHY = {
    "farrington": ("{weeks} weeks of history: the same weeks of two years or more", "历史{weeks}周,与往年同期比较"),
    "farrington_one_year": (
        "{weeks} weeks of history: one year to compare with, so read with care",
        "历史{weeks}周,仅一年同期可比,请慎读",
    ),
    "nb_predictive": (
        "{weeks} weeks of history: no year before to compare with",
        "历史{weeks}周,无往年同期,与近期比较",
    ),
    "short": ("{weeks} weeks of history are few: borrows from its siblings", "历史仅{weeks}周,借用同级单元水平"),
    "sparse": ("fewer than one incident in two weeks: borrows from its siblings", "每两周不足一件,借用同级单元水平"),
}


@dataclass(eq=False, repr=False)
class Ladder(Estimator):
    """Units whose last whole week holds more than the best detector their past can carry foretells.

    Of a unit's complete weeks before the one judged: from `two_years` on Farrington's method with two years or more;
    from `one_year` on the same with one, and flagged; from `short` on the negative-binomial predictive of its own
    recent past; below, or with a mean under `sparse` a week, the predictive pooled with its siblings, whose limit is
    the exact Poisson tail at their common rate. Where Farrington's reference weeks are missing the next rung serves.

    Weeks start on Monday. A cube of days or hours is summed to whole weeks, and a bin in the middle of a week is judged
    by the last whole week before it. log p is that of the rung and as honest as the rung's own.

    Source: the detectors' own; the rungs follow what each needs (Farrington: 3 years advised, Noufaily et al. 2013).
    """

    title = "Anomaly by the detector the past can carry"
    title_zh = "按历史长度选择的异常检测"
    about = (
        "Two years or more: the same weeks of former years. One year: the same, and flagged. Less: the unit's own "
        "recent past. Very short or very sparse: pooled with its siblings. The table says which was used and why. "
        "Weeks start on Monday; days and hours are added up to weeks."
    )
    about_zh = (
        "按每个单元历史的长短选用合适的检测方法,判定最近一个完整周:两年以上用往年同期法;"
        "一年以上亦用该法但加标注;较短时用自身近期历史;更短或每周平均件数过低时与同级单元合并。"
        "结果注明用了哪种方法及原因。按周一起始的周统计。"
    )
    has_null = True
    temporal = True
    bin = "week"

    two_years: int = param(
        130, "Weeks of history for Farrington with two years.", unit="weeks", low=107, high=520, zh="两年同期所需周数"
    )
    one_year: int = param(
        78, "Weeks of history for Farrington with one year.", unit="weeks", low=56, high=520, zh="一年同期所需周数"
    )
    short: int = param(
        30, "Weeks of history for a unit's own recent past.", unit="weeks", low=4, high=200, zh="自身历史所需周数"
    )
    sparse: float = param(
        0.5, "Incidents a week below which a unit borrows from its siblings.", low=0.0, high=100.0, zh="稀疏阈值"
    )
    alpha: float = param(0.01, "Chance of a count above the bound.", low=1e-6, high=0.2, zh="显著性水平")

    def fit(self, cube: SpaceTimeCube) -> Ladder:
        """Learn the cells; what is ordinary is learned at each week from the weeks before it."""
        check(self)
        self.cells_ = cube.cells.copy()
        return self

    def methods(self, weeks: SpaceTimeCube) -> np.ndarray:
        """(n_weeks, n_cells) rung of each week of a weekly cube, a position in `METHODS`, from the weeks before it."""
        known, total = running_sums(weeks.valid)[:-1, None], running_sums(weeks.counts * weeks.valid[:, None])
        dense = total[:-1] >= self.sparse * np.maximum(known, 1)
        long = np.select([known >= self.two_years, known >= self.one_year, known >= self.short], [0, 1, 2], 3)
        return np.where(dense, long, 3)

    def log_p(self, cube: SpaceTimeCube, last: int | None = None) -> np.ndarray:
        """(n_times, n_cells) natural logarithm of the tail; 0 where history is too short.

        With *last*, only the last bins are scored and the others are 0.
        """
        weeks, place = self._weeks(cube)
        scored = place.copy()
        scored[: 0 if last is None else -last] = -1
        found = np.zeros(cube.counts.shape)
        if (scored >= 0).any():
            table = self._log_p(weeks, int(scored[scored >= 0].min()))
            found[scored >= 0] = table[scored[scored >= 0]]
        return found

    def evidence(self, cube: SpaceTimeCube, last: int | None = None) -> np.ndarray:
        """(n_times, n_cells) in [0, 1]: 0 is ordinary, 0.5 one chance in 30, near 1 far out; *last* as in `log_p`."""
        return tail_evidence(self.log_p(cube, last))

    def status(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_cells,) `ok`, `empty class`, `too few bins`."""
        weeks, place = self._weeks(cube)
        if place[-1] < 0 or weeks.valid[: place[-1]].sum() < 4:
            return np.full(cube.n_cells, "too few bins")
        return np.where(cube.counts.sum(axis=0) == 0, "empty class", "ok")

    def details(self, cube: SpaceTimeCube) -> dict[str, np.ndarray]:
        """Of the last whole week: `observed`, `expected`, `upper`, `p`, `score` (-log10 p), `alarm` (observed above
        upper), `method` (one of `METHODS`), `why` and `why_zh`.
        """
        weeks, place = self._weeks(cube)
        now = max(int(place[-1]), 0)
        seen = weeks.between(0, now + 1)
        rung = self._served(whole_weeks(seen), now, self.methods(seen)[-1])
        log_p = self._log_p(seen, now)[-1]
        expected, upper = np.zeros(cube.n_cells), np.full(cube.n_cells, np.inf)
        for number in np.unique(rung):
            told = self._bounds(seen, int(number), np.flatnonzero(rung == number))
            expected[rung == number], upper[rung == number] = told
        known = int(seen.valid[:-1].sum())
        observed = seen.counts[-1]
        upper = np.where(np.isfinite(upper), upper, observed)
        why, why_zh = self._words(rung, known)
        return {
            "observed": observed,
            "expected": expected,
            "upper": upper,
            "p": np.exp(log_p),
            "score": np.abs(log_p) / np.log(10),
            "alarm": ((observed > upper) & (log_p < 0)).astype(int),
            "method": np.asarray(METHODS, dtype=object)[rung],
            "why": why,
            "why_zh": why_zh,
        }

    def _weeks(self, cube: SpaceTimeCube) -> tuple[SpaceTimeCube, np.ndarray]:
        """The cube as whole weeks, and for each of its bins the last week that had ended."""
        check_is_fitted(self)
        check_cells(self, cube)
        if cube.bin == "week":
            return cube, np.arange(cube.n_times)
        weeks = whole_weeks(cube)
        valid = ~np.isnan(weeks.counts).any(axis=1)
        factors = {name: values for name, values in cube.factors.items() if len(values) == cube.n_cells}
        factors["valid"] = valid
        counts = np.where(valid[:, None], weeks.counts, 0.0)
        return replace(cube, counts=counts, bins=weeks.starts, bin="week", factors=factors), weeks.last

    def _served(self, weeks: Weeks, week: int, rung: np.ndarray) -> np.ndarray:
        """The rungs of a *week*, lower where Farrington has no reference weeks."""
        served = rung.copy()
        for number in (0, 1):
            if self._farrington(number).reference(weeks, week) is None:
                served[rung == number] = 2
        return served

    def _farrington(self, number: int) -> FarringtonAnomaly:
        years, least = (5, 2) if number == 0 else (1, 1)
        return FarringtonAnomaly(years=years, min_years=least, alpha=self.alpha)

    def _recent(self) -> NegativeBinomialPredictive:
        return NegativeBinomialPredictive(baseline=182, windows=(1,))

    def _pooled(self) -> BayesPredictive:
        return BayesPredictive(baseline=182, min_history=28, alpha=self.alpha)

    def _log_p(self, weeks: SpaceTimeCube, first: int) -> np.ndarray:
        """(n_weeks, n_cells) log tails from the week *first* on, each by its rung."""
        rungs, table = self.methods(weeks), whole_weeks(weeks)
        for week in range(first, weeks.n_times):
            if (rungs[week] < 2).any():
                rungs[week] = self._served(table, week, rungs[week])
        rungs[:first] = -1
        found = np.zeros(weeks.counts.shape)
        for number in np.unique(rungs[first:]):
            columns = np.flatnonzero((rungs == number).any(axis=0))
            if number < 2:
                part = weeks.take_cells(columns)
                told = np.zeros(weeks.counts.shape)
                told[:, columns] = self._farrington(int(number)).fit(part).log_p(part, weeks.n_times - first)
            elif number == 2:
                told = np.zeros(weeks.counts.shape)
                told[first:] = self._recent().fit(weeks).score(weeks, weeks.n_times - first).log_p
            else:
                told = self._pooled().fit(weeks).log_p(weeks)
            found = np.where(rungs == number, told, found)
        return found

    def _bounds(self, weeks: SpaceTimeCube, number: int, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Expected and upper bound of the last week, of the *columns* on one rung."""
        if number < 2:
            part = weeks.take_cells(columns)
            told = self._farrington(number).fit(part).details(part)
            return told["expected"], told["upper"]
        if number == 3:
            told = self._pooled().fit(weeks).details(weeks)
            return told["expected"][columns], told["upper"][columns]
        scores = self._recent().fit(weeks).score(weeks, 1)
        mean, size = np.maximum(scores.last_expected[0, columns], 1e-12), scores.last_size[0, columns]
        return mean, stats.nbinom.ppf(1 - self.alpha, size, size / (size + mean))

    def _words(self, rung: np.ndarray, known: int) -> tuple[np.ndarray, np.ndarray]:
        keys = np.asarray([*METHODS[:3], "short" if known < self.short else "sparse"], dtype=object)[rung]
        told = {key: [words.format(weeks=known) for words in pair] for key, pair in _WHY.items()}
        english, chinese = (np.asarray([told[key][side] for key in keys], dtype=object) for side in (0, 1))
        return english, chinese
