"""Is this week of a unit more than the same weeks of former years foretell? Farrington's method, made flexible."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ...cube import SpaceTimeCube
from ...params import check, param
from ..base import Estimator, check_cells, tail_evidence
from ..refusals import refusal
from .foretell import Foretold, foretell, log_tail, poisson_bound, upper_bound
from .reference_weeks import ReferenceWeeks, Weeks, reference_weeks, same_week, whole_weeks

_KNOWN = 0.5  # share of the reference weeks whose data must be complete


@dataclass(eq=False, repr=False)
class FarringtonAnomaly(Estimator):
    """Units whose week holds more incidents than the same weeks of former years foretell.

    A quasi-Poisson regression of each unit's weekly counts on a level for each of `seasons` seasons and a linear
    trend, learned from up to `years` years without the last `recent` weeks; past surges (Anscombe residual above
    `surge`) are down-weighted, so that one outbreak does not hide the next. The trend is dropped where its p is not
    below `trend_p`, where there are fewer than three years, and where it foretells more than was ever seen. `details`
    has the bound R surveillance's `farringtonFlexible` gives with the same settings; `log_p` is more careful: it
    knows that mean and dispersion are learned (`foretell.log_tail`). Fewer than `min_cases` in four weeks are never
    an anomaly.

    Weeks start on Monday. A cube of days or hours is summed to whole weeks; a bin in the middle of a week is judged by
    the last whole week before it. The same week of a former year is the one nearest to the same date.

    Source: Noufaily et al. (2013), Statistics in Medicine 32(7); Farrington et al. (1996), JRSS A 159. The tail is
    P(Y >= observed), Y the count of one week.
    """

    title = "Anomaly against former years"
    title_zh = "同期历史异常检测"
    about = (
        "A quasi-Poisson regression of each unit's weekly counts on season and trend, from up to five years "
        "without the most recent weeks; past surges count less, so that one outbreak does not hide the next. The "
        "bound is that of farringtonFlexible in R's surveillance. Units with fewer than the least number of cases "
        "in four weeks are never called. Weeks start on Monday; days and hours are added up to weeks."
    )
    about_zh = (
        "本周件数是否多于往年同期各周所预示的水平。对每个单元的周件数按季节与趋势做准泊松回归,"
        "用至多五年的数据并去掉最近若干周;过去的突增降权,一次爆发不会掩盖下一次。"
        "上限与 R 包 surveillance 的 farringtonFlexible 一致。"
        "四周不足规定件数的单元不判为异常。按周一起始的周统计,天或小时的数据先合并为周。"
    )
    has_null = True
    temporal = True
    bin = "week"

    years: int = param(5, "Years of the past that are used, where there are as many.", low=1, high=20, zh="参考年数")
    min_years: int = param(2, "Years of the past needed before anything is scored.", low=1, high=20, zh="最少年数")
    half_width: int = param(
        3, "Weeks on both sides of the same week of former years.", unit="weeks", low=0, high=10, zh="同期半宽"
    )
    seasons: int = param(10, "Seasons of a year; 1: only the same weeks are used.", low=1, high=26, zh="季节数")
    recent: int = param(26, "Last weeks left out of the past.", unit="weeks", low=0, high=52, zh="排除的近期周数")
    trend_p: float = param(
        1.0, "A trend is used if its p is below this.", low=0.0, high=1.0, advanced=True, zh="趋势显著性阈值"
    )
    surge: float = param(
        2.58, "Residual beyond which a past surge counts less.", low=1.0, high=10.0, advanced=True, zh="历史突增阈值"
    )
    threshold: str = param(
        "nbPlugin", "How the bound is computed.", choices=("nbPlugin", "muan", "delta"), advanced=True, zh="上界算法"
    )
    alpha: float = param(0.01, "Chance of a count above the bound.", low=1e-6, high=0.2, zh="显著性水平")
    min_cases: int = param(
        5, "Incidents in four weeks below which nothing is an anomaly.", low=0, high=100, zh="最少事件数"
    )

    def fit(self, cube: SpaceTimeCube) -> FarringtonAnomaly:
        """Learn the cells; what is ordinary is learned at each week from the weeks before it."""
        check(self)
        if self.min_years > self.years:
            raise refusal("E-SET-002", where="FarringtonAnomaly", least=self.min_years, years=self.years)
        self.cells_ = cube.cells.copy()
        return self

    def log_p(self, cube: SpaceTimeCube, last: int | None = None) -> np.ndarray:
        """(n_times, n_cells) natural logarithm of the tail; 0 where history is too short or incidents are too few.

        With *last*, only the last bins are scored and the others are 0.
        """
        check_is_fitted(self)
        check_cells(self, cube)
        weeks = whole_weeks(cube)
        scored = weeks.last.copy()
        scored[: 0 if last is None else -last] = -1
        found = np.zeros(cube.counts.shape)
        for week in np.unique(scored[scored >= 0]):
            reference = self.reference(weeks, int(week))
            if reference is not None:
                told = foretell(weeks.counts, reference[0], reference[1], self.surge, self.trend_p)
                log_p = np.where(self._enough(weeks, int(week)), log_tail(told, weeks.counts[week]), 0.0)
                found[scored == week] = log_p
        return found

    def evidence(self, cube: SpaceTimeCube, last: int | None = None) -> np.ndarray:
        """(n_times, n_cells) in [0, 1]: 0 is ordinary, 0.5 one chance in 30, near 1 far out; *last* as in `log_p`."""
        return tail_evidence(self.log_p(cube, last))

    def reference(self, weeks: Weeks, week: int) -> tuple[ReferenceWeeks, int] | None:
        """The reference weeks of *week* and over how many years; None where it cannot be judged."""
        same = same_week(week, self.years, weeks.starts)
        same = same[same >= self.half_width]
        if len(same) < self.min_years or np.isnan(weeks.counts[week]).any():
            return None
        found = reference_weeks(week, same, self.half_width, self.seasons, self.recent)
        known = ~np.isnan(weeks.counts[found.rows[found.first[-2] :], :1])
        return (found, len(same)) if known.size and known.mean() >= _KNOWN else None

    def _enough(self, weeks: Weeks, week: int) -> np.ndarray:
        return np.nansum(weeks.counts[max(week - 3, 0) : week + 1], axis=0) >= self.min_cases

    def status(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_cells,) `ok`, `empty class`, `too few bins`; `data gap`: the week or half its reference is missing."""
        weeks = whole_weeks(cube)
        week = int(weeks.last[-1])
        if week < 0 or same_week(week, self.min_years, weeks.starts)[-1] < self.half_width:
            return np.full(cube.n_cells, "too few bins")
        if self.reference(weeks, week) is None:
            return np.full(cube.n_cells, "data gap")
        return np.where(cube.counts.sum(axis=0) == 0, "empty class", "ok")

    def details(self, cube: SpaceTimeCube) -> dict[str, np.ndarray]:
        """The last whole week: its start, incidents, expected and upper bound, whether a trend was used, and why."""
        weeks = whole_weeks(cube)
        week = int(weeks.last[-1])
        reference = self.reference(weeks, week) if week >= 0 else None
        zero = np.zeros(cube.n_cells)
        start = str(weeks.starts[week]) if week >= 0 else ""
        if reference is None:
            named = dict.fromkeys(("observed", "expected", "upper"), zero)
            whole = {name: zero.astype(int) for name in ("alarm", "trend", "years", "reference_weeks")}
            return {"week": np.full(cube.n_cells, start), **named, **whole, "reason": self.status(cube)}
        told = foretell(weeks.counts, reference[0], reference[1], self.surge, self.trend_p)
        observed, enough = weeks.counts[week], self._enough(weeks, week)
        expected, upper = self._bound(told)
        alarm = enough & (observed > upper)
        known = np.count_nonzero(~np.isnan(weeks.counts[reference[0].rows, :1]))
        return {
            "week": np.full(cube.n_cells, start),
            "observed": observed,
            "expected": expected,
            "upper": upper,
            "alarm": alarm.astype(int),
            "trend": told.trend.astype(int),
            "years": np.full(cube.n_cells, reference[1]),
            "reference_weeks": np.full(cube.n_cells, known),
            "reason": self._reason(told, alarm, enough),
        }

    def _bound(self, told: Foretold) -> tuple[np.ndarray, np.ndarray]:
        """Expected count and bound; where no fit converged, from the same weeks of former years alone."""
        upper = upper_bound(told, self.threshold, self.alpha)
        alone = ~np.isfinite(upper)
        expected = np.where(alone, told.cases / np.maximum(told.weeks, 1), told.mean)
        if alone.any():
            simple = np.where(alone, (told.cases + 0.5) / np.maximum(told.weeks, 1), 0.0)
            upper = np.where(alone, poisson_bound(simple, self.alpha), upper)
        return expected, upper

    def _reason(self, told: Foretold, alarm: np.ndarray, enough: np.ndarray) -> np.ndarray:
        side = np.where(alarm, "above the bound", "within the bound")
        fitted = np.isfinite(told.mean)
        how = np.where(fitted, np.where(told.trend, "with trend", "without trend"), "same weeks alone, no fit")
        words = np.char.add(np.char.add(side, ", "), how)
        return np.where(enough, words, f"fewer than {self.min_cases} incidents in 4 weeks")
