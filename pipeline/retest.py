"""A class tested once more by the survey's model: on chosen units, or on squares drawn over the incidents' points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import clone

from ..cube import Counts, SpaceTimeCube
from ..layers.grids import full_name
from ..models.anomaly import NegativeBinomialPredictive
from ..models.early_warning import family_recurrence
from ..models.significance import MAX_RECURRENCE_DAYS
from .preparation import Prepared
from .surveillance import BIN_DAYS, Survey, first_needed, visible_at

_MANY = 400  # units of a level up to which all of them are scored together, as in the survey; else those asked for


@dataclass(frozen=True)
class Retest:
    """Tests of single classes, units and windows after the survey, with its model, family and corrections.

    *lowest_level* gives the finest unit level of a class, as in `survey`.
    """

    ready: Prepared
    found: Survey
    lowest_level: Callable[[str], int]

    @cached_property
    def recent(self) -> Counts:
        """The bins the survey looked back to."""
        counts = self.ready.counts
        return counts.since(first_needed(counts, self.ready.plan, self.ready.valid))

    @cached_property
    def names(self) -> pd.Series:
        """Full names of all units, in the order of the cells."""
        return full_name(self.ready.cells.table)

    @cached_property
    def _factors(self) -> dict[str, dict[str, np.ndarray]]:
        return {}

    def of_units(
        self, units: np.ndarray, category: str, role: str, level: int, first_bin: int, n_bins: int
    ) -> pd.DataFrame:
        """The class in *units* (rows of the cells, all of one level) over *n_bins* bins from number *first_bin*.

        Columns: unit, observed, expected, excess, recurrence_days, stands (it would be noted by itself). Empty where
        the class may not be tested on the level.
        """
        if level > self.lowest_level(category) or not len(units):
            return self._judged(units[:0], None, "", 0)
        seen = visible_at(self.recent, level, self.lowest_level)
        at = self.recent.cells.rows_at(level, role)
        if len(at) > _MANY:
            at = np.sort(units)
            cube = self._cube_of(_dense(seen, category, role, level, at), at)
        else:
            cube = seen.cube(category, level, role, measure="distinct")
        scores = self._scored(self._with_factors(cube, category), first_bin, n_bins)
        return self._judged(at, scores, role, level).set_index("unit").loc[units].reset_index()

    def of_squares(
        self,
        counts: np.ndarray,
        centres: np.ndarray,
        side: float,
        category: str,
        role: str,
        level: int,
        first_bin: int,
        n_bins: int,
    ) -> pd.DataFrame:
        """The class in squares of *side* metres, counted as (bins of `recent`, n_squares), in the family of *level*.

        Columns as in `of_units`; `unit` is the square's number.
        """
        n = counts.shape[1]
        cube = _cube(self.recent, counts, centres, np.full(n, (side / 1000) ** 2), np.zeros(n, dtype=np.int64))
        scores = self._scored(self._with_factors(cube, category), first_bin, n_bins)
        return self._judged(np.arange(n), scores, role, level)

    def _cube_of(self, counts: np.ndarray, units: np.ndarray) -> SpaceTimeCube:
        cells = self.recent.cells
        return _cube(self.recent, counts, cells.centres[units], cells.areas[units], np.maximum(cells.parent[units], 0))

    def _with_factors(self, cube: SpaceTimeCube, category: str) -> SpaceTimeCube:
        ready, known = self.ready, self._factors
        if category not in known:
            known[category] = ready.almanac.of_class(ready.counts, category, ready.plan, ready.valid)
        return cube.with_time_factors(known[category], self.recent.first_bin - ready.counts.first_bin)

    def _scored(self, cube: SpaceTimeCube, first_bin: int, n_bins: int) -> dict[str, np.ndarray]:
        """The window's figures of every cell; the tail pays for all windows that the survey tries."""
        model: NegativeBinomialPredictive = clone(self.ready.plan.nb_predictive)
        tried = len(model.windows_of(cube.bin))
        name = {"hour": "hourly_windows", "day": "windows", "week": "weekly_windows"}[cube.bin]
        today = model.counts_today(cube.bin) and first_bin % 24 == 0 and n_bins <= 24
        model.set_params(**{name: (n_bins,), "so_far": today})
        paid = 2 if today else 1  # windows that the model itself allows for
        end = first_bin + n_bins - self.recent.first_bin
        part = cube.between(0, end)
        scores = model.fit(part).score(part, 1)
        return {
            "observed": scores.observed[0],
            "expected": scores.expected[0],
            "log_p": np.minimum(scores.log_p[0] + np.log(tried / paid), 0.0),
            "last_expected": scores.last_expected[0],
        }

    def _judged(self, units: np.ndarray, scores: dict[str, np.ndarray] | None, role: str, level: int) -> pd.DataFrame:
        rules = self.ready.plan.early_warning
        if scores is None:
            return pd.DataFrame(columns=["unit", "observed", "expected", "excess", "recurrence_days", "stands"])
        family = np.full(len(units), self.found.family[role, level])
        args = (scores["log_p"], scores["last_expected"], family, len(self.found.family))
        bin_days, calibration = BIN_DAYS[self.ready.plan.bin], self.ready.calibration
        days = family_recurrence(*args, bin_days)
        if calibration is not None:
            days = calibration.tail.recurrence(days, bin_days, MAX_RECURRENCE_DAYS)
        excess = scores["observed"] - scores["expected"]
        return pd.DataFrame(
            {
                "unit": units,
                "observed": scores["observed"].astype(int),
                "expected": scores["expected"],
                "excess": excess,
                "recurrence_days": days,
                "stands": (days >= rules.blue_days) & (excess >= rules.blue_excess),
            }
        )


def _dense(counts: Counts, category: str, role: str, level: int, units: np.ndarray) -> np.ndarray:
    """(n_bins, n_units) distinct incidents of a class in some units of a level, in rising order, and of no others."""
    cell = counts.table["cell"].to_numpy()
    unit = counts.cells.lineage[cell, level]
    column = np.minimum(np.searchsorted(units, unit), len(units) - 1)
    kept = counts.in_class(category) & (counts.cells.role[cell] == role) & (units[column] == unit)
    dense = np.zeros((len(counts.bins), len(units)))
    place = counts.table["bin"].to_numpy()[kept] - counts.first_bin
    np.add.at(dense, (place, column[kept]), counts.table["distinct"].to_numpy(float)[kept])
    return dense


def _cube(
    counts: Counts, dense: np.ndarray, centres: np.ndarray, areas: np.ndarray, parents: np.ndarray
) -> SpaceTimeCube:
    n = dense.shape[1]
    return SpaceTimeCube(
        counts=dense.astype(float),
        bins=counts.bins,
        cells=np.arange(n).astype(str).astype(object),
        centres=centres,
        areas=areas,
        contiguity=sparse.csr_matrix((n, n)),
        parents=parents,
        exposure=np.zeros(n),
        bin=counts.bin,
    )
