"""Units whose mix of classes and rhythm is unlike that of the others: a multivariate isolation forest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.utils.validation import check_is_fitted

from ...cube import SpaceTimeCube
from ...params import check, param
from ..base import Estimator, check_cells
from .past import BINS_A_DAY, PHASES

_TELLING = 3  # features named for each unit
_PRIOR = 5.0  # incidents' worth of the city's own mix and rhythm in every unit's
_ORDINARY = 0.5  # the anomaly score of a unit that is isolated no sooner than the average
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(eq=False, repr=False)
class IsolationAnomaly(Estimator):
    """Units that differ from the rest of the city in what is reported there and when.

    Features of each unit over the cube: its level, the share of the last quarter of the bins (a trend), the
    share of empty bins and the variance over the mean, both against those of a Poisson count, the share of each day of
    the week (of hours: also of each third of the day) and, where the cube has the factor `class_mix` (n_cells,
    n_classes; with `class_names`), the share of each class. Shares are shrunk to the city's own, so that a unit of
    three incidents is not odd for having three.

    `score_samples` is scikit-learn's: the lower, the more abnormal. There is no null: how odd a unit is says nothing on
    chance, and `evidence` is for drawing. Units without incidents are neutral. Only the last bin is judged.

    Source: Liu, Ting & Zhou (2008), ICDM; scikit-learn's `IsolationForest`.
    """

    title = "Unusual mix and rhythm (isolation forest)"
    title_zh = "构成与节律异常(孤立森林)"
    about = (
        "Level, trend, empty bins, scatter, days of the week (with hours: parts of the day) and the mix of "
        "classes. Shares are drawn towards the city's, so that a unit of three incidents is not odd for having "
        "three. There is no null: it says how odd a unit is, not how rarely chance would make it so. Only the "
        "last bin is judged."
    )
    about_zh = (
        "找出在“反映什么、何时反映”上与全市其他单元不同的单元:水平、走势、空白时段比例、波动、"
        "星期(按小时时另含时段)分布、类别构成。比例向全市水平收缩,"
        "只有三件的单元不会仅因件数少而显得异常。本方法没有零假设,只说明有多特别,不说明碰巧的可能;"
        "只判定最后一个时段。"
    )
    temporal = True
    end_only = True
    uses = ("class_mix",)

    trees: int = param(200, "Number of trees.", low=10, high=5000, zh="树的数量")
    sample: int = param(256, "Units each tree is grown from.", low=8, high=100_000, zh="每棵树样本数")
    least: float = param(5.0, "Incidents a unit needs to be judged.", low=1.0, high=1e6, zh="最少事件数")
    random_state: int = param(0, "Seed of the forest.", low=0, advanced=True, zh="随机种子")

    def fit(self, cube: SpaceTimeCube) -> IsolationAnomaly:
        """Grow the forest from the units with at least `least` incidents."""
        check(self)
        self.cells_ = cube.cells.copy()
        values, self.features_ = describe_cells(cube)
        judged = np.flatnonzero(self._judged(cube))
        order = judged[np.argsort(cube.cells[judged].astype(str), kind="stable")]
        quartiles = np.percentile(values[order], [25, 50, 75], axis=0) if len(order) else np.zeros((3, values.shape[1]))
        self.middle_ = quartiles[1]
        self.spread_ = (quartiles[2] - quartiles[0]) / 1.349  # that of a normal distribution of these quartiles
        self.forest_ = None
        if len(order) >= 3 and np.ptp(values[order], axis=0).max() > 1e-9:
            forest = IsolationForest(
                n_estimators=self.trees,
                max_samples=min(self.sample, len(order)),
                random_state=self.random_state,
                n_jobs=1,
            )
            self.forest_ = forest.fit(values[order])
        return self

    def score_samples(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_times, n_cells), the last row scikit-learn's score in [-1, 0): the lower, the more abnormal.

        -0.5 where a unit is not judged, and in the rows before.
        """
        check_is_fitted(self)
        check_cells(self, cube)
        scores = np.full(cube.counts.shape, -_ORDINARY)
        judged = self._judged(cube)
        if self.forest_ is not None and judged.any():
            scores[-1, judged] = self.forest_.score_samples(describe_cells(cube)[0][judged])
        return scores

    def evidence(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_times, n_cells), the last row in [0, 1]: 0.5 where a unit is as odd as the average, higher is odder."""
        found = np.zeros(cube.counts.shape)
        found[-1] = np.where(self._judged(cube), np.clip(-self.score_samples(cube)[-1], 0.0, 1.0), 0.0)
        return found

    def status(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_cells,) `ok`, `too few incidents`, `empty class`, or `no contrast` where all units are alike."""
        if self.forest_ is None:
            return np.full(cube.n_cells, "no contrast" if cube.counts.any() else "empty class")
        return np.where(self._judged(cube), "ok", "too few incidents")

    def details(self, cube: SpaceTimeCube) -> dict[str, np.ndarray]:
        """`why_1` to `why_3`: the features in which a unit lies furthest from the city's middle,
        with its value and the city's median.
        """
        values, names = describe_cells(cube)
        words = np.full((cube.n_cells, _TELLING), "", dtype=object)
        if self.forest_ is not None:
            middle = self.middle_
            apart = np.abs(values - middle) / np.maximum(self.spread_, 1e-3 * np.abs(middle) + 1e-6)
            order = np.argsort(-apart, axis=1, kind="stable")[:, :_TELLING]
            for j in np.flatnonzero(self._judged(cube)):
                words[j, : order.shape[1]] = [f"{names[k]} {values[j, k]:.2g} (city {middle[k]:.2g})" for k in order[j]]
        return {f"why_{i + 1}": words[:, i] for i in range(_TELLING)}

    def _judged(self, cube: SpaceTimeCube) -> np.ndarray:
        return cube.counts[cube.valid].sum(axis=0) >= self.least


def describe_cells(cube: SpaceTimeCube) -> tuple[np.ndarray, list[str]]:
    """(n_cells, n_features) what the forest sees of each unit, over the complete bins, and the features' names."""
    counts, valid = cube.counts.astype(float), cube.valid
    complete = counts[valid]
    n, total = max(len(complete), 1), complete.sum(axis=0)
    mean = total / n
    recent = complete[-max(n // 4, 1) :]
    empty = (complete == 0).mean(axis=0) if len(complete) else np.zeros(cube.n_cells)
    variance = complete.var(axis=0) if len(complete) else np.zeros(cube.n_cells)
    columns = [
        np.log(mean + 1 / n),
        _shares(recent.sum(axis=0)[:, None], total, len(recent) / n)[:, 0],
        empty - np.exp(-mean),
        np.log((variance + _PRIOR / n) / (mean + _PRIOR / n)),
    ]
    names = ["level (log a bin)", "share of the last quarter", "empty bins beyond chance", "burstiness (log)"]
    profile, labels = _rhythm(cube, complete)
    for part, told in ((profile, labels), _mix(cube)):
        if part.shape[1]:
            columns += list(_shares(part, part.sum(axis=1), part.sum(axis=0) / max(part.sum(), 1e-9)).T)
            names += told
    return np.column_stack(columns), names


def _shares(part: np.ndarray, total: np.ndarray, city: np.ndarray | float) -> np.ndarray:
    """Shares shrunk to the *city*'s by `_PRIOR` incidents."""
    return (part + _PRIOR * np.asarray(city)) / (total[:, None] + _PRIOR)


def _rhythm(cube: SpaceTimeCube, complete: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """(n_cells, n_phases) incidents by day of the week, and by third of the day where bins are hours."""
    if PHASES[cube.bin] == 1:
        return np.zeros((cube.n_cells, 0)), []
    hours = cube.bins[cube.valid].astype("datetime64[h]").astype(np.int64)
    day = (hours // 24 + 3) % 7  # 1970-01-01 was a Thursday
    phase = day if BINS_A_DAY[cube.bin] == 1 else day * 3 + hours % 24 // 8
    thirds = ("night", "day", "evening")
    labels = list(_DAYS) if BINS_A_DAY[cube.bin] == 1 else [f"{name} {third}" for name in _DAYS for third in thirds]
    sums = np.zeros((len(labels), cube.n_cells))
    np.add.at(sums, phase, complete)
    return sums.T, [f"share of {label}" for label in labels]


def _mix(cube: SpaceTimeCube) -> tuple[np.ndarray, list[str]]:
    mix = np.asarray(cube.factors.get("class_mix", np.zeros((cube.n_cells, 0))), dtype=float)
    if mix.ndim != 2 or len(mix) != cube.n_cells or (mix < 0).any():
        raise ValueError(f"class_mix must be at least 0 and of shape ({cube.n_cells}, n_classes), not {mix.shape}")
    names = cube.factors.get("class_names", np.arange(1, mix.shape[1] + 1).astype(str))
    return mix, [f"share of class {name}" for name in names]
