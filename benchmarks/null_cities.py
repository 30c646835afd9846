"""Null calibration: what every model says of cities in which nothing happens.

    python benchmarks/null_cities.py [--cities 200] [--model NAME ...] [--write]

Cities of 20 × 20 cells whose counts are independent draws of one distribution in every cell and bin. For each model:
how often its p lies below a level (never more often than the level: a p that does is listed as a violator), whether
randomised p is uniform (counts are discrete: a number is drawn between p of "at least" and p of "more"), and in how
many cities Benjamini-Hochberg at 10 % calls anything at all (under the null that is the false-discovery rate).
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from gridbeacon.cube import SpaceTimeCube
from gridbeacon.models import registry
from gridbeacon.models.base import at_last, window_cube
from gridbeacon.models.significance import benjamini_hochberg
from scipy import sparse, stats

SIDE, DAYS, WEEKS, WINDOW = 20, 182, 320, 28
LEVELS = (0.1, 0.05, 0.01, 0.001)
KINDS = {
    "sparse": "Poisson, 0.05 a bin",
    "middling": "Poisson, 0.5 a bin",
    "dense": "Poisson, 5 a bin",
    "over-dispersed": "negative binomial, 1 a bin, variance 3",
    "uneven": "Poisson, cells drawn from a gamma distribution, mean 0.5, shape 1",
}
ONE_P_A_CITY = {"scan_poisson", "scan_permutation", "scan_ebp"}
"""Scans judge their strongest cluster: one p a city."""


def draw(kind: str, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """(n_times, n_cells) counts in which nothing happens."""
    if kind == "over-dispersed":
        return rng.negative_binomial(0.5, 0.5 / 1.5, shape).astype(float)
    mean = {"sparse": 0.05, "middling": 0.5, "dense": 5.0}.get(kind)
    return rng.poisson(rng.gamma(1.0, 0.5, shape[1]) if mean is None else mean, shape).astype(float)


def city(counts: np.ndarray, bin: str = "day") -> SpaceTimeCube:
    """A lattice of square kilometres in four districts."""
    n = counts.shape[1]
    side = int(np.sqrt(n))
    row, col = np.divmod(np.arange(n), side)
    near = (np.abs(row[:, None] - row) <= 1) & (np.abs(col[:, None] - col) <= 1)
    np.fill_diagonal(near, False)
    step = np.timedelta64(7 if bin == "week" else 1, "D")
    return SpaceTimeCube(
        counts=counts,
        bins=np.datetime64("2018-01-01") + np.arange(len(counts)) * step,
        cells=np.array([f"c{i:03d}" for i in range(n)], dtype=object),
        centres=np.column_stack([col, row]) * 1000.0 + 500.0,
        areas=np.ones(n),
        contiguity=sparse.csr_matrix(near.astype(float)),
        parents=2 * (row >= side // 2) + (col >= side // 2),
        exposure=np.full(n, 1000.0),
        factors={"valid": np.ones(len(counts), dtype=bool)},
        bin=bin,
    )


def made(name: str) -> Any:
    """The model with its defaults, but for the replicates of the scans, which a calibration needs fewer of."""
    cls = registry()[name]
    return cls(n_replicates=199) if name in ONE_P_A_CITY else cls()


def null_cube(name: str, kind: str, seed: int) -> SpaceTimeCube:
    """What the model is given: the window of a window model, days or weeks of the others."""
    cls = registry()[name]
    bin = cls.bin or "day"
    rng = np.random.default_rng([seed, sorted(KINDS).index(kind)])
    counts = draw(kind, (WEEKS if bin == "week" else DAYS, SIDE * SIDE), rng)
    cube = city(counts, bin)
    return cube if cls.temporal or cls.end_only else window_cube(cube.window(WINDOW))


def last_p(name: str, cube: SpaceTimeCube) -> tuple[np.ndarray, np.ndarray | None]:
    """(p of at least as much, p of more) of the last bin, per cell or one for the city; None where it has no second."""
    model = made(name).fit(cube)
    if name in ONE_P_A_CITY:
        return np.array([float(np.min(model.details(cube)["p_value"], initial=1.0))]), None
    at_least = np.exp(at_last(model.log_p, cube))
    if hasattr(model, "log_tails") and name == "getis_ord":
        return at_least, np.clip(-np.expm1(model.log_tails(cube)[1][-1]), 0.0, 1.0)
    if not model.temporal:
        return at_least, None
    step = -1.0 if model.side == "low" else 1.0
    counts = cube.counts.copy()
    counts[-1] = counts[-1] + step
    beyond = np.exp(at_last(model.log_p, replace(cube, counts=np.maximum(counts, 0))))
    beyond = np.where(counts[-1] < 0, 0.0, np.minimum(beyond, at_least))
    scored = model.status(cube) == "ok"
    return at_least[scored], beyond[scored]


def share(inside: np.ndarray) -> tuple[float, float, float]:
    """Mean over cities of the (n_cities,) shares, and its 95 % interval (cells of one city are not independent)."""
    mean = float(inside.mean())
    if set(np.unique(inside)) <= {0.0, 1.0}:
        k, n = int(inside.sum()), len(inside)
        low, high = stats.beta.ppf([0.025, 0.975], [max(k, 1e-9), k + 1], [n - k + 1, max(n - k, 1e-9)])
        return mean, float(low) if k else 0.0, float(high) if k < n else 1.0
    half = 1.96 * float(inside.std(ddof=1)) / np.sqrt(len(inside))
    return mean, max(mean - half, 0.0), mean + half


def calibrate(name: str, kind: str, n_cities: int) -> dict[str, Any]:
    """All figures of one model on one kind of city."""
    rng = np.random.default_rng(1)
    raw, uniform, called = [], [], []
    for seed in range(n_cities):
        at_least, beyond = last_p(name, null_cube(name, kind, seed))
        if not len(at_least):
            continue
        raw.append(at_least)
        called.append(float((benjamini_hochberg(at_least) <= 0.1).any()))
        if beyond is not None:
            uniform.append(beyond + rng.uniform(size=len(at_least)) * (at_least - beyond))
    if not raw:
        return {"raw": {}, "uniform": {}, "called": None, "violates": []}
    below = {level: share(np.array([(p <= level).mean() for p in raw])) for level in LEVELS}
    spread = (
        {level: share(np.array([(p <= level).mean() for p in uniform])) for level in (0.5, *LEVELS)} if uniform else {}
    )
    return {
        "raw": below,
        "uniform": spread,
        "called": share(np.array(called)),
        "violates": [level for level, (_, low, _) in below.items() if low > level],
    }


def _percent(value: float) -> str:
    return f"{100 * value:.3g}"


def line(name: str, kind: str, found: dict[str, Any]) -> str:
    """One row of the table."""
    if not found["raw"]:
        return f"| {name} | {kind} |" + " – |" * 10 + " no cell is scored |"
    raw = " | ".join(_percent(found["raw"][level][0]) for level in LEVELS)
    even = " | ".join(_percent(v[0]) for v in found["uniform"].values()) if found["uniform"] else " | ".join(["–"] * 5)
    mean, low, high = found["called"]
    verdict = "" if not found["violates"] else "**too small** at " + ", ".join(f"{v:g}" for v in found["violates"])
    fdr = f"{_percent(mean)} ({_percent(low)}–{_percent(high)})"
    return f"| {name} | {kind} | {raw} | {even} | {fdr} | {verdict} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cities", type=int, default=200)
    parser.add_argument("--model", nargs="*", default=[name for name, cls in registry().items() if cls.has_null])
    parser.add_argument("--rows", type=Path, help="keep finished rows in this file, and go on from it")
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    lines = [
        "| model | city | p ≤ .1, % | ≤ .05 | ≤ .01 | ≤ .001 | random p ≤ .5, % | ≤ .1 | ≤ .05 | ≤ .01 | ≤ .001 "
        "| anything called at 10 %, % (95 %) | |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines), flush=True)
    kept = asked.rows.read_text(encoding="utf-8").splitlines() if asked.rows and asked.rows.exists() else []
    for name in asked.model:
        for kind in KINDS:
            done = [row for row in kept if row.startswith(f"| {name} | {kind} |")]
            lines.append(done[0] if done else line(name, kind, calibrate(name, kind, asked.cities)))
            print(lines[-1], flush=True)
            if asked.rows and not done:
                with asked.rows.open("a", encoding="utf-8") as sink:
                    sink.write(lines[-1] + "\n")
    if asked.write:
        head = [
            "# What the models say where nothing happens\n",
            f"`benchmarks/null_cities.py --cities {asked.cities}`: {SIDE} × {SIDE} cells, {DAYS} days ({WEEKS} weeks "
            f"for weekly models, the last {WINDOW} days for window models), p of the last bin; scans: one p a city.",
            "",
            *[f"- *{kind}*: {told}" for kind, told in KINDS.items()],
            "",
            "Shares are percent of the cells that are scored. p is *too small* where even the lower end of its 95 % "
            "interval over cities lies above the level. Uneven cities are no null for `emerging` (always busy is hot). "
            "Randomised p of models whose p covers several windows, or a chart, is a rough guide only: they pay for "
            "the windows they looked at. Bursts (over-dispersed) are what the scans' Poisson and "
            "permutation nulls do not know: `scan_ebp` has `distribution = negative binomial` for them.\n",
        ]
        path = Path(__file__).parents[1] / "docs" / "null-cities.md"
        path.write_text("\n".join([*head, *lines]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
