"""Everything a warning stands for: the tests it explains, and the streets of a city-wide rise, with their figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ...cube import bin_start
from ..preparation import Prepared
from ..wording import city_name, street_level

GROUPED_COLUMNS = (
    "warning_id cell_id cell_name unit_level category window_start window_end observed expected ratio recurrence_days "
    "relation"
).split()


def grouped_of(
    ready: Prepared, described: pd.DataFrame, explanations: Mapping[str, Mapping[str, Any]], names: pd.Series
) -> pd.DataFrame:
    """One row per test a warning stands for, columns `GROUPED_COLUMNS`, in the order of the warnings.

    A rise of a unit above the streets lists every street with an incident as `finer`, those too that are not out of
    the ordinary by themselves; their `recurrence_days` say so. *names* are the full names of all units.
    """
    rows: list[dict[str, Any]] = []
    for row in described.itertuples():
        tests = [_of_test(ready, test, names) for test in row.explained]
        held = {(test["cell_id"], test["category"]) for test in tests}
        places = explanations.get(row.warning_id, {}).get("carriers", {}).get("places", [])
        if row.unit_level < street_level(ready.counts):
            window = {"window_start": row.window_start, "window_end": row.window_end, "category": row.category}
            streets = [_of_place(place, window) for place in places]
            tests += [street for street in streets if (street["cell_id"], street["category"]) not in held]
        rows += [{"warning_id": row.warning_id, **test} for test in tests]
    return pd.DataFrame(rows, columns=GROUPED_COLUMNS).round({"expected": 3, "ratio": 2, "recurrence_days": 1})


def _of_test(ready: Prepared, test: Mapping[str, Any], names: pd.Series) -> dict[str, Any]:
    unit, counts = test["unit"], ready.counts
    return {
        "cell_id": str(counts.cells.cell_id[unit]),
        "cell_name": city_name(ready) if unit == 0 else str(names.iloc[unit]),
        "unit_level": int(counts.cells.unit_level[unit]),
        "category": test["category"],
        "window_start": pd.Timestamp(bin_start(test["window_first"], counts.bin)[()]),
        "window_end": pd.Timestamp(bin_start(test["window_first"] + test["window_bins"], counts.bin)[()]),
        "observed": test["observed"],
        "expected": test["expected"],
        "ratio": _ratio(test["observed"], test["expected"]),
        "recurrence_days": test["recurrence_days"],
        "relation": test["relation"],
    }


def _of_place(place: Mapping[str, Any], window: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "cell_id": place["cell_id"],
        "cell_name": place["full_name"],
        "unit_level": place["unit_level"],
        **window,
        "observed": place["observed"],
        "expected": place["usual"],
        "ratio": _ratio(place["observed"], place["usual"]),
        "recurrence_days": place["recurrence_days"],
        "relation": "finer",
    }


def _ratio(observed: float, expected: float) -> float:
    return float(np.round(observed / max(expected, 0.01), 2))
