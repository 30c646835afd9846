"""The used incidents as arrays, made once for all warnings of a run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ...cube import ALL_CLASSES, BIN_HOURS, bin_of
from ..preparation import Prepared
from ..surveillance import BIN_DAYS
from ..wording import Raised, lowest_described, units_of


@dataclass(frozen=True)
class Sightings:
    """Every array is (n_incidents,), in the order of `ready.incidents`."""

    ready: Prepared

    @cached_property
    def bins(self) -> np.ndarray:
        """Number of the bin each incident falls in."""
        return bin_of(self.ready.incidents["time"], self.ready.plan.bin, self.ready.plan.timezone)

    @cached_property
    def local(self) -> np.ndarray:
        """Local time, datetime64[s]."""
        times = pd.DatetimeIndex(self.ready.incidents["time"]).tz_convert(self.ready.plan.timezone).tz_localize(None)
        return times.to_numpy(dtype="datetime64[s]")

    @cached_property
    def week_hour(self) -> np.ndarray:
        """Hour of the local week, 0 Monday's first to 167; -1 where only the day is known (midnight sharp)."""
        hours = self.local.astype("datetime64[h]").astype(np.int64)
        midnight = self.local == self.local.astype("datetime64[D]")
        return np.where(midnight, -1, (hours + 3 * 24) % 168)  # 1970-01-01 was a Thursday

    @cached_property
    def xy(self) -> np.ndarray:
        """(n_incidents, 2) metres; NaN where the place is not the incident's own."""
        rows = self.ready.incidents
        both = np.column_stack([rows.geometry.x.to_numpy(), rows.geometry.y.to_numpy()]).astype(float)
        both[rows["default_point"].to_numpy(bool) | rows["by_code"].to_numpy(bool)] = np.nan
        return both

    @cached_property
    def _classes(self) -> tuple[np.ndarray, list[str]]:
        codes, names = pd.factorize(self.ready.incidents["category"])
        return codes, [str(name) for name in names]

    @cached_property
    def _units(self) -> dict[tuple[str, int], np.ndarray]:
        return {}

    def units(self, role: str, level: int) -> np.ndarray:
        """Row of the unit of a level each counts for, -1 none."""
        if (role, level) not in self._units:
            self._units[role, level] = units_of(self.ready, role, level)
        return self._units[role, level]

    def in_class(self, category: str, level: int) -> np.ndarray:
        """Bool: of the class, or of one below it; without what may not be looked at on so fine a level."""
        codes, names = self._classes
        below = [category in (ALL_CLASSES, name) or name.startswith(category + "/") for name in names]
        if level > lowest_described(self.ready.counts):
            hidden = self.ready.privacy.policy.describes_only
            below = [own and not hidden(name) for own, name in zip(below, names, strict=True)]
        return np.array(below, dtype=bool)[codes] if names else np.zeros(0, dtype=bool)

    def children(self, category: str) -> tuple[np.ndarray, list[str]]:
        """The class one step below *category* of each incident (-1: none), and the names of these classes."""
        codes, names = self._classes
        prefix = "" if category == ALL_CLASSES else category + "/"
        step = [
            prefix + n[len(prefix) :].split("/")[0] if n.startswith(prefix) and n != category else "" for n in names
        ]
        below = sorted(set(step) - {""})
        place = {name: i for i, name in enumerate(below)}
        return np.array([place.get(name, -1) for name in step], dtype=np.int64)[codes], below

    def members(self, row: Raised) -> np.ndarray:
        """Bool: the incidents of a warning's unit, class and window, as `wording.members_of` has them."""
        first, end = row.window_first, row.window_first + row.window_bins
        return self.of_unit(row) & (self.bins >= first) & (self.bins < end)

    def of_unit(self, row: Raised) -> np.ndarray:
        """Bool: the incidents of a warning's unit and class, whenever."""
        level = int(self.ready.counts.cells.unit_level[row.unit])
        return self.in_class(row.category, level) & (self.units(row.role, level) == row.unit)

    def baseline(self, row: Raised) -> np.ndarray:
        """Bool: the complete bins of the past that a warning's window is held against, whatever unit and class."""
        model, counts = self.ready.plan.nb_predictive, self.ready.counts
        per_day = 1 / BIN_DAYS[counts.bin]
        end = row.window_first - int(np.ceil(model.guard * per_day))
        place = self.bins - counts.first_bin
        complete = self.ready.valid[np.clip(place, 0, len(self.ready.valid) - 1)] & (place >= 0)
        return complete & (self.bins < end) & (self.bins >= end - round(model.baseline * per_day))

    def weekday_bins(self, row: Raised) -> np.ndarray:
        """(7,) bins of a warning's window on each weekday, Monday first."""
        hours = np.arange(row.window_first, row.window_first + row.window_bins) * BIN_HOURS[self.ready.counts.bin]
        return np.bincount((hours // 24 + 3) % 7, minlength=7)
