"""Power and delay: planted clusters found by every model at the same rate of false alarms.

    python benchmarks/power.py [--cities 30] [--model NAME ...] [--write]

A city of 20 × 20 cells with 0.5 incidents a cell and day. Around a cell drawn anew for each city, 1, 9 or 25 cells have
1.5, 2 or 3 times as many for 1, 7 or 28 days. Every day each model names its most striking cell and raises an
alarm where that strikes more than on 99 % of the days of cities in which nothing happens: all models cry wolf on one
day in a hundred. A cluster is found on the first day on which the cell named lies in it or touches it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from gridbeacon.models import registry
from gridbeacon.models.base import window_cube
from null_cities import SIDE, city

PAST, RATE = 126, 0.5
RISKS, REACH, LENGTHS = (1.5, 2.0, 3.0), {1: 0, 9: 1, 25: 2}, (1, 7, 28)
TEMPORAL = ("nb_predictive", "ears", "bayes", "nb_cusum", "nb_glr")
SCANS = ("scan_permutation", "scan_poisson", "scan_ebp")
WINDOWS = (7, 28)
LOOKS = (0, 2, 6, 13, 27)
"""Days of an episode on which models that are run day by day are run: the first, third, seventh ..."""

Look = tuple[np.ndarray, np.ndarray]
"""Of each day looked at: how striking the most striking cell is, and which it is."""


def temporal(name: str) -> Callable[[np.ndarray, np.ndarray], Look]:
    """A model that scores every day against the days before it."""

    def look(counts: np.ndarray, days: np.ndarray) -> Look:
        cube = city(counts)
        strength = -registry()[name]().fit(cube).log_p(cube)[days]
        return strength.max(axis=1), strength.argmax(axis=1)

    return look


def day_by_day(judge: Callable[[Any], np.ndarray]) -> Callable[[np.ndarray, np.ndarray], Look]:
    """A model that looks at a cube from its last day; *judge* gives the strength of every cell."""

    def look(counts: np.ndarray, days: np.ndarray) -> Look:
        found = [judge(city(counts[: day + 1])) for day in days]
        return np.array([f.max() for f in found]), np.array([f.argmax() for f in found])

    return look


def _scan(name: str) -> Callable[[Any], np.ndarray]:
    """Strength: the log likelihood ratio of the strongest cluster, at its centre of weight."""

    def judge(cube: Any) -> np.ndarray:
        told = registry()[name](n_replicates=19).fit(cube).details(cube)
        return np.where(told["cluster"] == 1, told["llr"], 0.0)

    return judge


def _window(name: str, days: int) -> Callable[[Any], np.ndarray]:
    def judge(cube: Any) -> np.ndarray:
        recent = window_cube(cube.window(days))
        return -registry()[name]().fit(recent).log_p(recent)[-1]

    return judge


def looks() -> dict[str, tuple[Callable[[np.ndarray, np.ndarray], Look], bool]]:
    """Model -> (how it looks, whether it looks every day)."""
    every: dict[str, tuple[Callable[[np.ndarray, np.ndarray], Look], bool]] = {
        name: (temporal(name), True) for name in TEMPORAL
    }
    every |= {f"getis_ord, {days} days": (day_by_day(_window("getis_ord", days)), False) for days in WINDOWS}
    return every | {name: (day_by_day(_scan(name)), False) for name in SCANS}


def planted(seed: int, risk: float, n_cells: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Counts whose last *length* days are raised, and (n_cells,) bool: in the cluster or touching it."""
    rng = np.random.default_rng([seed, n_cells, length, int(10 * risk)])
    mean = np.full((PAST + length, SIDE * SIDE), RATE)
    row, col = np.divmod(np.arange(SIDE * SIDE), SIDE)
    at = rng.integers(3, SIDE - 3, 2)
    apart = np.maximum(np.abs(row - at[0]), np.abs(col - at[1]))
    mean[PAST:, apart <= REACH[n_cells]] *= risk
    return rng.poisson(mean).astype(float), apart <= REACH[n_cells] + 1


def threshold(look: Callable[[np.ndarray, np.ndarray], Look], daily: bool, n_cities: int) -> float:
    """The strength that 99 % of the days of null cities stay below."""
    striking = []
    for seed in range(n_cities):
        counts = np.random.default_rng([99, seed]).poisson(RATE, (PAST + 28, SIDE * SIDE)).astype(float)
        days = np.arange(PAST, PAST + 28) if daily else PAST + np.array(LOOKS)
        striking.append(look(counts, days)[0])
    return float(np.quantile(np.concatenate(striking), 0.99))


def find(look: Callable[[np.ndarray, np.ndarray], Look], daily: bool, bar: float, n_cities: int, plan: Any) -> Any:
    """(share of clusters found, mean day on which those found were)."""
    risk, n_cells, length = plan
    delays = []
    for seed in range(n_cities):
        counts, inside = planted(seed, risk, n_cells, length)
        days = np.arange(length) if daily else np.array([day for day in LOOKS if day < length])
        strength, cell = look(counts, PAST + days)
        hit = np.flatnonzero((strength > bar) & inside[cell])
        if len(hit):
            delays.append(days[hit[0]] + 1)
    return len(delays) / n_cities, float(np.mean(delays)) if delays else float("nan")


def draw(found: dict[str, dict[Any, Any]], path: Path) -> None:
    """Detection by model: one panel a size of the cluster, one line a model, for clusters of 7 days."""
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, 3, figsize=(11, 3.6), sharey=True)
    for panel, n_cells in zip(panels, REACH, strict=True):
        for name, plans in found.items():
            panel.plot(RISKS, [plans[risk, n_cells, 7][0] for risk in RISKS], marker="o", ms=3, label=name)
        panel.set_title(f"{n_cells} cell{'s' * (n_cells > 1)}, 7 days")
        panel.set_xlabel("relative risk")
        panel.set_xticks(RISKS)
    panels[0].set_ylabel("share found, 1 false alarm in 100 days")
    panels[0].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cities", type=int, default=30)
    parser.add_argument("--model", nargs="*", default=list(looks()))
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    plans = [(risk, n_cells, length) for length in LENGTHS for n_cells in REACH for risk in RISKS]
    found: dict[str, dict[Any, Any]] = {}
    for name in asked.model:
        look, daily = looks()[name]
        bar = threshold(look, daily, max(asked.cities, 20) if daily else 4 * asked.cities)
        found[name] = {plan: find(look, daily, bar, asked.cities, plan) for plan in plans}
        print(name, {plan: tuple(round(v, 2) for v in value) for plan, value in found[name].items()}, flush=True)
    head = "| days | cells | risk | " + " | ".join(found) + " |"
    lines = [head, "|---|---|---|" + "---|" * len(found)]
    for risk, n_cells, length in plans:
        cells = [found[name][risk, n_cells, length] for name in found]
        words = [f"{100 * share:.0f} %" + (f", day {day:.1f}" if share else "") for share, day in cells]
        lines.append(f"| {length} | {n_cells} | {risk:g} | " + " | ".join(words) + " |")
    print("\n".join(lines))
    if asked.write:
        docs = Path(__file__).parents[1] / "docs"
        told = __doc__.split("\n\n")[2].replace("\n", " ")
        text = f"# Power and delay\n\n`benchmarks/power.py --cities {asked.cities}`. {told}\n\n"
        text += "`farrington`, `ladder` and `emerging` need a longer past, `silence` looks for less: left out. "
        text += f"Scans and Gi* are looked at on days {', '.join(str(day + 1) for day in LOOKS)} only.\n\n"
        text += (
            "All cells of this city are alike, which is what Gi* supposes; in a real one it names the places that are "
        )
        text += "always busy, and the models that know each place's own past gain on it.\n\n"
        text += "![share found](power.png)\n\n"
        (docs / "power.md").write_text(text + "\n".join(lines) + "\n", encoding="utf-8")
        draw(found, docs / "power.png")


if __name__ == "__main__":
    main()
