"""Clusters, near repeats and emerging hot spots beside their peers, in one run, outputs compared first.

pip install pointpats pymannkendall; python benchmarks/clusters.py [--write] [--quick]
"""

from __future__ import annotations

import argparse
import multiprocessing
import platform
import resource
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from gridbeacon.cube import SpaceTimeCube
from gridbeacon.models.clusters import knox, near_repeat, st_dbscan
from gridbeacon.models.emerging import EmergingHotspots, hamed_rao, mann_kendall
from scipy import sparse

EPS, DAYS, LEAST = 200.0, 7.0, 8
HEAD = (
    "| what | size | ours, CPU s | peer | peer, CPU s | ratio | largest difference | ours, MB | peer, MB |\n"
    "|---|---|---|---|---|---|---|---|---|\n"
)


def incidents(n: int) -> tuple[np.ndarray, np.ndarray]:
    """(n, 2) metres and (n,) days of a year: half of them in bursts of about fifty, half anywhere in a city whose area
    grows with n, so that every size is as dense as a city of a million incidents a year."""
    rng = np.random.default_rng(0)
    side, bursts = 60.0 * np.sqrt(n), max(n // 100, 1)
    where, when = rng.uniform(0, side, (bursts, 2)), rng.uniform(0, 365, bursts)
    pick = rng.integers(0, bursts, n // 2)
    points = np.vstack([where[pick] + rng.normal(0, 150, (n // 2, 2)), rng.uniform(0, side, (n - n // 2, 2))])
    times = np.concatenate([when[pick] + rng.normal(0, 5, n // 2), rng.uniform(0, 365, n - n // 2)])
    order = np.lexsort((points[:, 1], points[:, 0], times))  # the order in which both number clusters
    return points[order], times[order]


def ours_st_dbscan(n: int) -> np.ndarray:
    return st_dbscan(*incidents(n), EPS, DAYS, LEAST).labels


def sklearn_st_dbscan(n: int) -> np.ndarray:
    """DBSCAN on a sparse graph of neighbours in space, cut to those near in time: scikit-learn's advice for memory."""
    from sklearn.cluster import DBSCAN
    from sklearn.neighbors import radius_neighbors_graph

    points, times = incidents(n)
    graph = radius_neighbors_graph(points, EPS, mode="distance", include_self=True).tocoo()
    near = np.abs(times[graph.row] - times[graph.col]) <= DAYS
    kept = sparse.csr_matrix((graph.data[near], (graph.row[near], graph.col[near])), shape=graph.shape)
    return DBSCAN(eps=EPS, min_samples=LEAST, metric="precomputed").fit(kept).labels_


def ours_knox(n: int) -> np.ndarray:
    found = knox(*incidents(n), EPS, DAYS, replicates=99)
    return np.array([*found.table.ravel(), found.expected])


def pointpats_knox(n: int) -> np.ndarray:
    from pointpats import Knox

    points, times = incidents(n)
    found = Knox(points, times[:, None].copy(), EPS, DAYS, permutations=99)
    return np.array([*np.ravel(found.observed), found.expected[0, 0]])


def ours_near_repeat(n: int) -> np.ndarray:
    return near_repeat(*incidents(n), replicates=99).ratio


def series(n: int) -> np.ndarray:
    """(52, n) series: half with ties."""
    rng = np.random.default_rng(1)
    return np.concatenate([rng.normal(size=(52, n - n // 2)), rng.poisson(2, (52, n // 2))], axis=1)


def ours_mann_kendall(n: int) -> np.ndarray:
    found = mann_kendall(series(n))
    return np.array([found.score, found.z, found.p])


def ours_hamed_rao(n: int) -> np.ndarray:
    return hamed_rao(series(n)).z


def _loop(name: str, n: int) -> np.ndarray:
    import pymannkendall

    test = getattr(pymannkendall, name)
    return np.array([[found.s, found.z, found.p] for found in (test(column) for column in series(n).T)]).T


def pymannkendall_loop(n: int) -> np.ndarray:
    return _loop("original_test", n)


def pymannkendall_hamed_rao(n: int) -> np.ndarray:
    return _loop("hamed_rao_modification_test", n)[1]


def cube_of(n_cells: int, n_steps: int) -> SpaceTimeCube:
    """Weekly counts on a square lattice, as many cells as fit, uneven and with a few hot spots."""
    side = round(np.sqrt(n_cells))
    row, column = np.divmod(np.arange(n_cells), side)
    links = _queen(row, column, side)
    rng = np.random.default_rng(2)
    counts = rng.poisson(rng.gamma(2.0, 0.2, n_cells), (n_steps, n_cells)).astype(float)
    counts[-3:, rng.integers(0, n_cells, 20)] += 8
    return SpaceTimeCube(
        counts=counts,
        bins=np.datetime64("2020-01-06") + 7 * np.arange(n_steps),
        cells=np.array([f"c{i}" for i in range(n_cells)], dtype=object),
        centres=np.column_stack([column, row]) * 200.0,
        areas=np.full(n_cells, 0.04),
        contiguity=links,
        parents=np.zeros(n_cells, dtype=int),
        exposure=np.zeros(n_cells),
        bin="week",
    )


def _queen(row: np.ndarray, column: np.ndarray, side: int) -> sparse.csr_matrix:
    n, ends = len(row), []
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            there = (row + down) * side + column + right
            fits = (
                (column + right >= 0) & (column + right < side) & (there >= 0) & (there < n) & ((down, right) != (0, 0))
            )
            ends.append(np.stack([np.flatnonzero(fits), there[fits]]))
    i, j = np.concatenate(ends, axis=1)
    return sparse.csr_matrix((np.ones(len(i)), (i, j)), shape=(n, n))


def ours_emerging(n_cells: int, n_steps: int) -> np.ndarray:
    cube = cube_of(n_cells, n_steps)
    model = EmergingHotspots().fit(cube)
    return np.array([model.log_p(cube)[-1].min(), (model.details(cube)["pattern"] != "none").sum()])


def only_cube(n_cells: int, n_steps: int) -> np.ndarray:
    return np.array([cube_of(n_cells, n_steps).n_cells])


def measured(work: Callable[..., np.ndarray], *size: int) -> tuple[np.ndarray, float, float]:
    """(answer, CPU seconds, peak MB) of *work* in a process of its own, its imports and kernels warm."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (work, size))


def _measured(work: Callable[..., np.ndarray], size: tuple[int, ...]) -> tuple[np.ndarray, float, float]:
    small = (400, 12) if len(size) == 2 else (400,)
    work(*small)
    started = time.process_time()
    answer = work(*size)
    return answer, time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def line(what: str, ours: Any, peer: Any, peer_name: str, *size: int) -> str:
    """One row: both run, compared, timed."""
    found, seconds, megabytes = measured(ours, *size)
    told = " × ".join(f"{n:,}" for n in size)
    if peer is None:
        return f"| {what} | {told} | {seconds:.2f} | | | | | {megabytes:.0f} | |\n"
    theirs, slow, heavy = measured(peer, *size)
    defined = np.isfinite(theirs)
    apart = float(np.max(np.abs(found[defined] - theirs[defined])))
    return (
        f"| {what} | {told} | {seconds:.2f} | {peer_name} | {slow:.2f} | {slow / seconds:.0f}× | {apart:.1g} | "
        f"{megabytes:.0f} | {heavy:.0f} |\n"
    )


def table(quick: bool) -> str:
    """The markdown table."""
    many, cells = (20_000, 4_000) if quick else (100_000, 63_684)
    rows = [
        line("ST-DBSCAN", ours_st_dbscan, sklearn_st_dbscan, "scikit-learn, sparse precomputed", many),
        line("Knox, 99 permutations", ours_knox, pointpats_knox, "pointpats", 2_000),
        line("near repeats, 5 × 2 bands, 99 permutations", ours_near_repeat, None, "", many),
        line("Mann-Kendall, 52 steps", ours_mann_kendall, pymannkendall_loop, "pymannkendall, a loop", cells),
        line("Hamed-Rao, 52 steps", ours_hamed_rao, pymannkendall_hamed_rao, "pymannkendall, a loop", 4_000),
        line("the cube of the next line alone", only_cube, None, "", cells, 52),
        line("emerging hot spots, all", ours_emerging, None, "", cells, 52),
    ]
    if not quick:
        rows.insert(
            1, line("ST-DBSCAN", ours_st_dbscan, sklearn_st_dbscan, "scikit-learn, sparse precomputed", 1_000_000)
        )
        rows.insert(4, line("near repeats, 5 × 2 bands, 99 permutations", ours_near_repeat, None, "", 1_000_000))
        rows += [line("emerging hot spots, all", ours_emerging, None, "", n, 52) for n in (1_000, 8_000)]
        rows.append(line("emerging hot spots, all", ours_emerging, None, "", 8_000, 365))
    return HEAD + "".join(rows)


def main() -> None:
    """Print the table; with --write also docs/benchmarks/clusters.md."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args()
    names = ("numpy", "scipy", "numba", "scikit-learn", "pointpats", "pymannkendall")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    text = (
        "# Clusters, near repeats, emerging hot spots\n\n"
        "Each way in a process of its own, kernels compiled, making the data included; CPU seconds, one run; peak\n"
        "memory of the process. Labels, tables and tests of both sides are compared before the ratio counts.\n\n"
        f"{table(chosen.quick)}\n{versions}, Python {platform.python_version()}.\n"
    )
    print(text)
    if chosen.write:
        target = Path(__file__).parents[1] / "docs" / "benchmarks" / "clusters.md"
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
