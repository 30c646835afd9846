"""The picture of docs/learning.md: complaints that return after closing, in a city with one unit that closes falsely.

`python benchmarks/returning.py --write` writes docs/returning.png: the share that has returned since closing, street
by street (Kaplan-Meier), and beside it the excess over chance with its interval.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from city_of_years import STREETS, incidents, ready_of
from gridbeacon.models.recomplaints import kaplan_meier
from gridbeacon.pipeline.recomplaints import find_closings, recomplaint_table

ROOT = Path(__file__).parents[1]
FALSE = 2
"""The street where every second closing is none."""


def city() -> pd.DataFrame:
    """Two years, streets of unlike rates; in one of them complaints come back within three weeks of closing."""
    rng = np.random.default_rng(3)
    counts = rng.poisson(np.geomspace(0.3, 1.6, STREETS), (700, STREETS))
    rows = incidents("2024-01-01", counts)
    rows["closed"] = rows["time"] + pd.to_timedelta(rng.uniform(1, 6, len(rows)), unit="D")
    bad = rows[(rows["x"] // 0.01 == 11700 + FALSE) & (rng.random(len(rows)) < 0.5)]
    again = bad.assign(time=bad["closed"] + pd.to_timedelta(rng.uniform(2, 20, len(bad)), unit="D"))
    again = again.assign(closed=again["time"] + pd.Timedelta(days=2), x=again["x"] + 0.0002)
    rows = pd.concat([rows, again], ignore_index=True)
    return rows.assign(time=rows["time"].dt.floor("min"), closed=rows["closed"].dt.floor("min"))


def main() -> None:
    """Follow every closing and draw."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    with tempfile.TemporaryDirectory() as folder:
        ready = ready_of(Path(folder), city(), as_of="2025-12-01")
    found, _ = find_closings(ready, "", 60.0, True, 90, 49, 0)
    table = recomplaint_table(ready, found, 1, "place", 90)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), gridspec_kw={"width_ratios": (3, 2)})
    level = ready.counts.cells.lineage[found.rows["cell"].to_numpy()[found.who], 1]
    for unit in np.unique(level):
        own = level == unit
        curve = kaplan_meier(found.spans[own], found.happened[own])
        first = str(ready.counts.cells.cell_id[unit]) == table["cell_id"].iloc[0]
        style = {"color": "#b2182b", "lw": 2.2} if first else {"color": "#8a8f99", "lw": 1}
        left.step(np.append(0, curve.times), 100 * (1 - np.append(1, curve.survival)), where="post", **style)
    left.set(xlim=(0, 180), xlabel="days since closing", ylabel="% returned (60 m, same class)")
    place = np.arange(len(table))[::-1]
    right.hlines(place, 100 * table["excess_low"], 100 * table["excess_high"], color="#8a8f99")
    red = np.where(table["verdict"] != "", "#b2182b", "#4d525c")
    right.scatter(100 * table["excess"], place, c=red, s=22, zorder=3)
    right.axvline(0, color="black", lw=0.8)
    names = ["street " + name[1:-2] for name in table["cell_name"]]
    right.set(yticks=place, yticklabels=names, xlabel="returned beyond chance, % of closings")
    figure.tight_layout()
    if "--write" in sys.argv:
        figure.savefig(ROOT / "docs" / "returning.png", dpi=110, metadata={"Software": None})
    print(table[["cell_id", "closings", "returned", "expected", "excess", "q_value", "verdict"]].to_string())


if __name__ == "__main__":
    main()
