"""Detectors in time over 63,684 cells and 365 days: charts against R surveillance in one run, then our models.

python benchmarks/detectors.py [--cells 63684] [--write]      (needs Rscript with surveillance)

R has one series at a time: it is timed on a sample of the same series and extrapolated. Its outputs are compared first.
"""

from __future__ import annotations

import argparse
import platform
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
from gridbeacon.cube import SpaceTimeCube
from gridbeacon.models import registry
from gridbeacon.models.anomaly.charts import cusum, glr
from scipy import sparse

DAYS, SAMPLE, RATIO, SIZE, MEAN = 365, 1000, 2.0, 5.0, 0.3

R_SCRIPT = """
suppressMessages(library(surveillance))
args <- commandArgs(trailingOnly = TRUE)
x <- as.matrix(read.csv(args[1], header = FALSE)); n <- nrow(x)
mean <- scan(args[2], quiet = TRUE)
series <- lapply(seq_len(ncol(x)), function(j) suppressWarnings(
  create.disProg(week = 1:n, observed = x[, j], state = rep(0, n), freq = 365, start = c(2024, 1))))
took <- function(name, ...) {
  used <- system.time(found <- sapply(seq_along(series), function(j) as.numeric(algo.glrnb(series[[j]], list(
    range = 1:n, mu0 = rep(mean[j], n), ret = "value", dir = "inc", c.ARL = 1e9, ...))$upperbound)))
  write.table(found, paste0(args[3], "/", name, ".csv"), sep = ",", row.names = FALSE, col.names = FALSE)
  cat(name, used[["user.self"]] + used[["sys.self"]], "\n")
}
took("cusum_poisson", alpha = 0, theta = log(%(ratio)s))
took("cusum_nb", alpha = 1 / %(size)s, theta = log(%(ratio)s))
took("glr_poisson", alpha = 0, M = 28)
took("glr_nb", alpha = 1 / %(size)s, M = 28)
"""

CHARTS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "cusum_poisson": lambda counts, mean: cusum(counts, mean, RATIO)[0],
    "cusum_nb": lambda counts, mean: cusum(counts, mean, RATIO, SIZE)[0],
    "glr_poisson": lambda counts, mean: glr(counts, mean, reach=29, least=2)[0],
    "glr_nb": lambda counts, mean: glr(counts, mean, SIZE, reach=29)[0],
}
MODELS = ("nb_cusum", "nb_glr", "silence", "bayes", "ladder")


def city(cells: int) -> SpaceTimeCube:
    """Uneven over-dispersed cells, 0.3 incidents a day on average, in groups of forty."""
    rng = np.random.default_rng(0)
    rate = rng.gamma(0.5, MEAN / 0.5, cells)
    counts = rng.poisson(rate * rng.gamma(SIZE, 1 / SIZE, (DAYS, cells))).astype(float)
    return SpaceTimeCube(
        counts=counts,
        bins=np.datetime64("2024-01-01", "h") + np.arange(DAYS) * np.timedelta64(24, "h"),
        cells=np.array([f"{i:06d}" for i in range(cells)], dtype=object),
        centres=np.zeros((cells, 2)),
        areas=np.ones(cells),
        contiguity=sparse.csr_matrix((cells, cells)),
        parents=np.arange(cells) // 40,
        exposure=np.ones(cells),
    )


def in_r(counts: np.ndarray, mean: np.ndarray) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """CPU seconds of R and its statistics, by chart."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        np.savetxt(place / "x.csv", counts, fmt="%d", delimiter=",")
        np.savetxt(place / "mean.csv", mean, fmt="%.17g")
        (place / "peer.R").write_text(R_SCRIPT % {"ratio": RATIO, "size": SIZE}, encoding="utf-8")
        done = subprocess.run(
            ["Rscript", "--vanilla", str(place / "peer.R"), str(place / "x.csv"), str(place / "mean.csv"), folder],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        seconds = {line.split()[0]: float(line.split()[1]) for line in done.stdout.splitlines()}
        return seconds, {name: np.loadtxt(place / f"{name}.csv", delimiter=",") for name in CHARTS}


def cpu(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def charts(cube: SpaceTimeCube, sample: int) -> list[str]:
    """Rows of the table: each chart, ours and R's; the outputs are compared before anything is timed."""
    columns = np.linspace(0, cube.n_cells - 1, sample).astype(int)
    mean = np.maximum(cube.counts.mean(axis=0), 0.02)
    seconds, found = in_r(cube.counts[:, columns], mean[columns])
    rows = []
    for name, work in CHARTS.items():
        apart = work(cube.counts[:, columns], mean[columns]) - found[name]
        lost = apart > 1e-5  # a maximum over rates: where ours is higher, R's Newton steps have not found it
        error = np.abs(apart[~lost]).max()
        if error > 1e-5 or lost.mean() > 1e-3:
            raise SystemExit(f"{name}: off by {error:g} from R, {lost.sum()} values lost, so no time is told")
        took, peer = cpu(lambda work=work: work(cube.counts, mean)), seconds[name] * cube.n_cells / sample
        rows.append(f"| {name} | {took:.1f} | {peer:.0f} | {peer / took:.1f}x | {error:.1g} | {lost.sum()} |")
    return rows


def models(cube: SpaceTimeCube) -> list[str]:
    """Rows of the table: every day of the cube scored, and the last day with its details."""
    rows, small = [], city(200)
    for name in MODELS:
        model = registry()[name]
        model().fit(small).log_p(small)  # compiled before it is timed
        model().fit(small).details(small)
        fitted = model().fit(cube)
        whole = cpu(lambda fitted=fitted: fitted.log_p(cube))
        last = cpu(lambda fitted=fitted: fitted.details(cube))
        rows.append(
            f"| {name} | {whole:.0f} | {last:.1f} | {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} |"
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=63_684)
    parser.add_argument("--sample", type=int, default=SAMPLE)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    cube = city(asked.cells)
    named = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "scipy"))
    text = "\n".join(
        [
            "# Detectors in time",
            "",
            f"{asked.cells:,} cells x {DAYS} days of counts ({cube.counts.nbytes >> 20} MB), 0.3 a day on average,",
            "over-dispersed.",
            f"CPU seconds on one core of {platform.machine()}; Python {platform.python_version()}, {named}.",
            "",
            "Charts with a known in-control mean, every day of every cell. R surveillance (`algo.glrnb`, compiled C,",
            f"one series at a time) on {asked.sample} of the same series, extrapolated; error is the largest",
            "difference of the statistic, but for the values where R's Newton iteration runs away from the maximum.",
            "",
            "| chart | ours, s | R, s | ratio | error | values R lost |",
            "|---|---|---|---|---|---|",
            *charts(cube, asked.sample),
            "",
            "Models, which learn the mean of every day from the days before. No peer does the same work, so there is",
            "no ratio. Memory is the largest of the process so far, the counts included. 52 weeks of history: the",
            "ladder stands on its two lower rungs here.",
            "",
            "| model | all days, s | last day with details, s | memory, MB |",
            "|---|---|---|---|",
            *models(cube),
            "",
        ]
    )
    print(text)
    if asked.write:
        place = Path(__file__).parents[1] / "docs" / "benchmarks" / "detectors.md"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
