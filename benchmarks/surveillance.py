"""EARS and Farrington over a city's cells, beside pandas, statsmodels and R surveillance in the same run.

    python benchmarks/surveillance.py [--cells 63684] [--rounds 3] [--write]

CPU seconds of one thread, the best of all rounds, the ways in turn, everything compiled before. Outputs are compared
before a ratio is told. pandas: `DataFrame.rolling` (its compiled engine, faster here than engine="numba"), one mean and
one deviation shared by C1, C2 and C3. statsmodels: `GLM.fit`, twice for the weights and twice more where the trend is
dropped; on series with 20 cases or more, since it stops with an error on series of zeros. statsmodels and R work on a
sample of the series; their time for all is told as that many times as long.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from gridbeacon.models.anomaly.ears import ears_bounds
from gridbeacon.models.anomaly.foretell import Foretold, foretell, log_tail, upper_bound
from gridbeacon.models.anomaly.reference_weeks import ReferenceWeeks, reference_weeks, same_week

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks" / "surveillance"
EARS_WEEKS, FARRINGTON_WEEKS, YEARS, ALPHA = 312, 330, 5, 0.01
R_EARS, R_FARRINGTON, STATSMODELS = 60, 120, 240
CELLS, BINS, HISTORY = (1_000, 4_000, 16_000, 64_000), (52, 104, 208, 365), (130, 182, 260, 365)
HEAD = """# EARS and Farrington over a whole city

Bounds of every cell, beside other programs in the same run. Written by `benchmarks/surveillance.py --write`.
"""


def make_counts(n_weeks: int, n_cells: int) -> np.ndarray:
    """Uneven cells, three in four below one case a week, a yearly season, variance up to thrice the mean."""
    rng = np.random.default_rng(0)
    rate = rng.gamma(0.4, 2.5, n_cells)
    season = np.exp(0.4 * np.cos(2 * np.pi * np.arange(n_weeks) / 52.18))[:, None]
    size = np.maximum(rate, 1e-3) / rng.uniform(0.05, 2.0, n_cells)
    return rng.poisson(rng.gamma(size, 1 / size, (n_weeks, n_cells)) * rate * season).astype(float)


def timed(work: Callable[[], object], rounds: int = 1) -> tuple[float, object]:
    """Best CPU seconds, and what was made."""
    best, made = np.inf, None
    for _ in range(rounds):
        del made
        start = time.process_time()
        made = work()
        best = min(best, time.process_time() - start)
    return best, made


def pandas_bounds(counts: np.ndarray) -> dict[str, np.ndarray]:
    """C1, C2 and C3 by rolling means and deviations."""
    from scipy import stats

    z, frame = stats.norm.isf(0.001), pd.DataFrame(counts)
    rolling = frame.rolling(7)
    mean, sigma = rolling.mean().shift(1), rolling.std().shift(1)
    early_mean, early_sigma = mean.shift(2), sigma.shift(2)
    with np.errstate(divide="ignore", invalid="ignore"):
        over = ((frame - early_mean) / early_sigma - 1).clip(lower=0)
        c3 = (frame + early_sigma * (z - over.shift(1) - over.shift(2))).clip(lower=0)
    found = {"C1": mean + z * sigma, "C2": early_mean + z * early_sigma, "C3": c3}
    return {name: bound.to_numpy() for name, bound in found.items()}


def reference_of(n_weeks: int, years: int = YEARS) -> ReferenceWeeks:
    return reference_weeks(n_weeks - 1, same_week(n_weeks - 1, years), 3, 10, 26)


def statsmodels_means(counts: np.ndarray) -> np.ndarray:
    """(n_series,) expected counts of the last week, by the same rules on GLMs of statsmodels."""
    import statsmodels.api as sm

    reference = reference_of(len(counts))
    season = np.repeat(np.arange(10), np.diff(reference.first))
    levels = (season[:, None] == np.arange(10)).astype(float)
    trend, now = np.column_stack([levels, reference.time]), np.eye(10)[9]
    family = sm.families.Poisson()

    def fit(series: np.ndarray, design: np.ndarray) -> np.ndarray:
        first = sm.GLM(series, design, family=family).fit()
        scale = max(first.pearson_chi2 / first.df_resid, 1.0)
        leverage = first.get_hat_matrix_diag()
        residual = 1.5 * (series ** (2 / 3) * first.mu ** (-1 / 6) - np.sqrt(first.mu))
        residual = residual / np.sqrt(scale * (1 - leverage))
        weight = np.where(residual > 2.58, np.maximum(residual, 1e-9) ** -2.0, 1.0)
        return sm.GLM(series, design, family=family, var_weights=weight * len(series) / weight.sum()).fit().params

    means = []
    for series in counts[reference.rows].T:
        mean = np.exp(fit(series, trend)[9])
        means.append(mean if mean <= series.max() else np.exp(fit(series, levels) @ now))
    return np.array(means)


def run_r(ears: np.ndarray, farrington: np.ndarray) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """What R surveillance says of the samples, and how long it took; empty where R is not there."""
    with tempfile.TemporaryDirectory() as folder:
        np.savetxt(Path(folder, "ears.csv"), ears, delimiter=",", fmt="%d")
        np.savetxt(Path(folder, "farrington.csv"), farrington, delimiter=",", fmt="%d")
        command = ["Rscript", "--vanilla", str(HERE / "surveillance.R"), folder]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        words = [line.split() for line in done.stdout.splitlines()]
        seconds = {f"{what} {how}": value for what, how, value in words}
        tables = {path.stem: np.loadtxt(path, delimiter=",") for path in Path(folder).glob("*_*.csv")}
    return seconds, tables


def told_and_bound(counts: np.ndarray, reference: ReferenceWeeks) -> tuple[Foretold, np.ndarray]:
    """All series of one week: fits, and bounds from them."""
    told = foretell(counts, reference, YEARS)
    return told, upper_bound(told, "nbPlugin", ALPHA)


def far_apart(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Largest relative difference where both are defined; where only one is, they disagree."""
    if (np.isfinite(ours) != np.isfinite(theirs)).any():
        return np.inf
    known = np.isfinite(ours)
    return float(np.max(np.abs(ours - theirs)[known] / np.maximum(np.abs(theirs[known]), 1), initial=0.0))


def measure_ears(n_cells: int, rounds: int, r: tuple[dict, dict]) -> list[dict]:
    """Rows of the table: pandas and R."""
    counts = make_counts(EARS_WEEKS, n_cells)
    ears_bounds(counts[:, :10])
    ours, theirs, bounds, peer = np.inf, np.inf, None, None
    for _ in range(rounds):
        seconds, bounds = timed(lambda: ears_bounds(counts))
        ours = min(ours, seconds)
        seconds, peer = timed(lambda: pandas_bounds(counts))
        theirs = min(theirs, seconds)
    what = f"EARS C1, C2, C3: {n_cells:,} × {EARS_WEEKS} weeks"
    known = {name: np.isfinite(bounds[name]) & np.isfinite(peer[name]) for name in bounds}  # 0/0 in C3 of equal counts
    gap = max(far_apart(bounds[name][known[name]], peer[name][known[name]]) for name in bounds)
    rows = [{"what": what, "peer": "pandas", "ours": ours, "theirs": theirs, "gap": gap}]
    names = {"C1": 7, "C2": 9, "C3": 11}
    gap = max(far_apart(bounds[n][names[n] :, :R_EARS], r[1][f"ears_{n}"]) for n in names)
    seconds = sum(float(r[0][f"ears {n}"]) for n in names) * n_cells / R_EARS
    return [*rows, {"what": what, "peer": f"R, {R_EARS} series", "ours": ours, "theirs": seconds, "gap": gap}]


def measure_farrington(n_cells: int, rounds: int, r: tuple[dict, dict]) -> list[dict]:
    """Rows of the table: statsmodels and R; and the model's tail, which no peer has."""
    counts = make_counts(FARRINGTON_WEEKS, n_cells)
    reference = reference_of(FARRINGTON_WEEKS)
    told_and_bound(counts[:, :10], reference)
    some = np.flatnonzero(counts[reference.rows].sum(axis=0) >= 20)[:STATSMODELS]
    ours, theirs = np.inf, np.inf
    for _ in range(rounds):
        seconds, (told, upper) = timed(lambda: told_and_bound(counts, reference))
        ours = min(ours, seconds)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            seconds, means = timed(lambda: statsmodels_means(counts[:, some]))
        theirs = min(theirs, seconds)
    tail, _ = timed(lambda: log_tail(told, counts[-1]))
    what = f"Farrington flexible, one week: {n_cells:,} series"
    gap = far_apart(told.mean[some], means)
    scaled = theirs * n_cells / len(some)
    rows = [{"what": what, "peer": f"statsmodels, {STATSMODELS} series", "ours": ours, "theirs": scaled, "gap": gap}]
    mine = np.column_stack([upper, told.mean])[:R_FARRINGTON]
    seconds = float(r[0]["farrington -"]) * n_cells / R_FARRINGTON
    unfit = np.isnan(r[1]["farrington_R"][:, :1])  # R has no bound there, and 0 for what it expects
    gap = far_apart(mine, np.where(unfit, np.nan, r[1]["farrington_R"]))
    rows.append({"what": what, "peer": f"R, {R_FARRINGTON} series", "ours": ours, "theirs": seconds, "gap": gap})
    print(f"log tail of {n_cells:,} series: {tail:.2f} s more", file=sys.stderr)
    return rows


def first_run() -> tuple[float, float]:
    """Seconds by the clock that the first call of each takes with an empty cache, above those with a full one."""
    code = (
        "import time, numpy as np\n"
        "from gridbeacon.models.anomaly.ears import ears_bounds\n"
        "from gridbeacon.models.anomaly.foretell import foretell\n"
        "from gridbeacon.models.anomaly.reference_weeks import reference_weeks, same_week\n"
        "counts = np.ones((330, 4)); a = time.process_time(); ears_bounds(counts); b = time.process_time()\n"
        "foretell(counts, reference_weeks(329, same_week(329, 5), 3, 10, 26), 5); c = time.process_time()\n"
        "print(b - a, c - b)"
    )
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        runs = []
        for _ in range(2):
            command = [sys.executable, "-c", code]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            runs.append([float(word) for word in done.stdout.split()])
    return runs[0][0] - runs[1][0], runs[0][1] - runs[1][1]


def in_own_process(task: str, counts: Path, n_cells: int, n_weeks: int) -> tuple[float, float]:
    """CPU seconds of one task in a process of its own, and by how many MB its memory grew meanwhile."""
    command = [sys.executable, __file__, "--task", task, str(counts), str(n_cells), str(n_weeks)]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return told["seconds"], told["megabytes"]


def one_task(task: str, counts: np.ndarray, n_weeks: int) -> dict[str, float]:
    years = min(YEARS, (n_weeks - 4) // 52)

    def work(part: np.ndarray) -> object:
        return ears_bounds(part) if task == "ears" else foretell(part, reference_of(n_weeks, years), years)

    work(counts[:, :10])
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak is counted from here
    before = peak_megabytes()
    seconds, _ = timed(lambda: work(counts), rounds=2)
    return {"seconds": seconds, "megabytes": peak_megabytes() - before}


def peak_megabytes() -> float:
    """The most memory this process held since its peak was set back; getrusage would tell its parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def growth() -> list[dict]:
    """CPU seconds and memory by cells and by bins."""
    tasks = [("ears", n, EARS_WEEKS) for n in CELLS] + [("ears", 63_684, n) for n in BINS]
    tasks += [("farrington", n, FARRINGTON_WEEKS) for n in CELLS] + [("farrington", 63_684, n) for n in HISTORY]
    found = []
    with tempfile.TemporaryDirectory() as folder:
        counts = Path(folder, "counts.npy")
        np.save(counts, make_counts(max(BINS), max(CELLS)))
        for task, n_cells, n_weeks in tasks:
            seconds, megabytes = in_own_process(task, counts, n_cells, n_weeks)
            found.append({"task": task, "cells": n_cells, "weeks": n_weeks, "seconds": seconds, "megabytes": megabytes})
    return found


def draw(found: list[dict], path: Path) -> None:
    """Seconds by cells and by weeks, both axes logarithmic."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot as plt

    figure, panes = plt.subplots(1, 2, figsize=(8, 3.2), sharey=True, layout="constrained")
    for task in ("ears", "farrington"):
        mine = [row for row in found if row["task"] == task]
        for pane, axis, rows in ((panes[0], "cells", mine[:4]), (panes[1], "weeks", mine[4:])):
            pane.loglog([row[axis] for row in rows], [row["seconds"] for row in rows], "o-", label=task)
            pane.set_xlabel(axis)
    panes[0].set_ylabel("CPU seconds")
    panes[0].legend()
    figure.savefig(path, metadata={"Date": None})


def report(rows: list[dict], compiled: tuple[float, float], found: list[dict]) -> str:
    lines = [
        "| what | peer | ours, s | peer, s | ratio | largest difference |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        ratio = row["theirs"] / row["ours"]
        cells = (row["what"], row["peer"], f"{row['ours']:.2f}", f"{row['theirs']:.1f}", f"{ratio:.0f}×")
        lines.append("| " + " | ".join(cells) + f" | {row['gap']:.1g} |")
    lines += [
        "",
        "Seconds of peers that worked on a sample are extrapolated. "
        "The difference is relative (absolute below 1), over all values compared.",
        "",
        f"Compiled at the first run, once a machine: EARS in {compiled[0]:.1f} s, Farrington in {compiled[1]:.1f} s.",
        "",
        "| growth | cells | weeks | CPU s | memory, MB |",
        "|---|---|---|---|---|",
        *(
            f"| {f['task']} | {f['cells']:,} | {f['weeks']} | {f['seconds']:.2f} | {f['megabytes']:.0f} |"
            for f in found
        ),
        "",
        "Memory is what the process grew by while it worked, its results included (EARS: three bounds of every bin). "
        "Farrington judges one week; its weeks are those of history.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=63_684)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="also write the page in docs/benchmarks")
    parser.add_argument("--task", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.task:
        task, counts, n_cells, n_weeks = given.task
        part = np.array(np.load(counts, mmap_mode="r")[-int(n_weeks) :, : int(n_cells)])
        print(json.dumps(one_task(task, part, int(n_weeks))))
        return
    sample = (
        make_counts(EARS_WEEKS, given.cells)[:, :R_EARS],
        make_counts(FARRINGTON_WEEKS, given.cells)[:, :R_FARRINGTON],
    )
    r = run_r(*sample)
    rows = measure_ears(given.cells, given.rounds, r) + measure_farrington(given.cells, given.rounds, r)
    found = growth()
    names = ("numpy", "numba", "pandas", "statsmodels")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    versions += f", R surveillance {r[0]['version -']}, Python {platform.python_version()}"
    text = report(rows, first_run(), found) + f"\n{versions}; {os.cpu_count()} processors, {platform.machine()}.\n"
    print(text)
    if given.write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        draw(found, PAGE.with_suffix(".svg"))
        PAGE.with_suffix(".md").write_text(f"{HEAD}\n{text}\n![growth](surveillance.svg)\n", encoding="utf-8")


if __name__ == "__main__":
    main()
