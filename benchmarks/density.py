"""Kernel density of 979,000 incidents on 1000 x 750 pixels: ours and KDEpy's FFTKDE in one run, held against the sum.

pip install KDEpy; python benchmarks/density.py [--write]
"""

from __future__ import annotations

import argparse
import platform
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from gridbeacon.models.density import abramson_bandwidths, adaptive_surface, density_surface

N, COLS, ROWS, PIXEL, BANDWIDTH = 979_000, 1000, 750, 100.0, 1500.0
BOUNDS = (0.0, 0.0, COLS * PIXEL, ROWS * PIXEL)


def incidents() -> np.ndarray:
    """(N, 2) metres: half of them in forty towns, half anywhere, five kernel widths away from the border."""
    rng = np.random.default_rng(0)
    towns = rng.uniform(15_000, 60_000, (40, 2))
    around = towns[rng.integers(0, 40, N // 2)] + rng.normal(0, 1200, (N // 2, 2))
    anywhere = rng.uniform((8000, 8000), (92_000, 67_000), (N - N // 2, 2))
    return np.vstack([around, anywhere])


def ours(points: np.ndarray) -> np.ndarray:
    """(ROWS, COLS) incidents per km², row 0 the southern one."""
    return density_surface(*points.T, None, BOUNDS, PIXEL, BANDWIDTH, "gaussian")[::-1]


def kdepy(points: np.ndarray) -> np.ndarray:
    """The same from KDEpy, on a grid of pixel centres with a margin; in bandwidths, since in metres it loses mass."""
    from KDEpy import FFTKDE

    margin = 100
    x = (np.arange(-margin, COLS + margin) + 0.5) * PIXEL
    y = (np.arange(-margin, ROWS + margin) + 0.5) * PIXEL
    grid = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2)
    values = FFTKDE(kernel="gaussian", bw=1.0).fit(points / BANDWIDTH).evaluate(grid / BANDWIDTH)
    inside = values.reshape(len(x), len(y))[margin:-margin, margin:-margin]
    return inside.T * len(points) * 1e6 / BANDWIDTH**2


def direct(points: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(n,) the sum over all incidents at some (n, 2) places, incidents per km²."""
    out = np.empty(len(places))
    for i, place in enumerate(places):
        apart = ((points - place) ** 2).sum(axis=1)
        out[i] = np.exp(-apart / 2 / BANDWIDTH**2).sum() / (2 * np.pi * BANDWIDTH**2) * 1e6
    return out


def best_of(work: Callable[[np.ndarray], np.ndarray], points: np.ndarray, rounds: int) -> float:
    """CPU seconds, the least of some rounds."""
    times = []
    for _ in range(rounds):
        started = time.process_time()
        work(points)
        times.append(time.process_time() - started)
    return min(times)


def adaptive(points: np.ndarray) -> np.ndarray:
    """A bandwidth for every incident, in 16 classes."""
    pilot = ours(points)[(points[:, 1] / PIXEL).astype(int), (points[:, 0] / PIXEL).astype(int)]
    return adaptive_surface(*points.T, None, BOUNDS, PIXEL, abramson_bandwidths(pilot, BANDWIDTH), "gaussian")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    from importlib.metadata import version

    points = incidents()
    rng = np.random.default_rng(1)
    rows, cols = rng.integers(0, ROWS, 300), rng.integers(0, COLS, 300)
    truth = direct(points, np.column_stack([(cols + 0.5) * PIXEL, (rows + 0.5) * PIXEL]))
    surfaces = {"ours": ours(points), "KDEpy FFTKDE": kdepy(points)}
    peak = float(surfaces["ours"].max())
    error = {name: float(np.abs(s[rows, cols] - truth).max()) / peak for name, s in surfaces.items()}
    mass = {name: float(s.sum(dtype=float)) * (PIXEL / 1000) ** 2 / N for name, s in surfaces.items()}
    seconds = {"ours": best_of(ours, points, asked.rounds), "KDEpy FFTKDE": best_of(kdepy, points, asked.rounds)}
    lines = [
        f"979,000 incidents, {COLS} × {ROWS} pixels, gaussian {BANDWIDTH:g} m; Python {platform.python_version()}, "
        f"numpy {np.__version__}, KDEpy {version('KDEpy')}. Error: the largest of 300 places against the sum over all "
        "incidents, as a share of the peak.\n",
        "| way | CPU seconds | ratio | error | mass kept |\n|---|---|---|---|---|",
    ]
    for name, spent in seconds.items():
        ratio = seconds["KDEpy FFTKDE"] / spent
        lines.append(f"| {name} | {spent:.2f} | {ratio:.1f} × | {error[name]:.1e} | {mass[name]:.5f} |")
    lines.append(f"| ours, a bandwidth for every incident | {best_of(adaptive, points, 1):.2f} | | | |")
    lines.append(f"\nPeak memory of the run: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB.")
    text = "\n".join(lines) + "\n"
    print(text)
    if asked.write:
        path = Path(__file__).parents[1] / "docs" / "benchmarks" / "density.md"
        path.write_text("# Kernel density\n\n" + text, encoding="utf-8")


if __name__ == "__main__":
    main()
