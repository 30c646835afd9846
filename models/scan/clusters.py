"""`scan`: from counts, a null and windows to clusters that do not overlap, with their significance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..significance.montecarlo import (
    fit_gumbel,
    gumbel_log_p,
    run_replicates,
    sequential_p,
    stopping_time,
)
from .likelihood import SCORE, expected_of, risk_of
from .nulls import NegativeBinomialNull, Null
from .search import Search
from .windows import Sites, Zones

_PILOT = 16  # replicates that set the floor of the others
_ALIKE = 1e-9  # two statistics closer than that are one: sums in another order


@dataclass(frozen=True)
class Cluster:
    """One window that holds more (or fewer) cases than expected.

    cells : row numbers of its cells, the centre's first; start, end : bins [start, end); radius : metres to the
    farthest site (of an ellipse: along its short axis, in the plane stretched to a circle); llr : the test statistic,
    penalised for shape where the zones are; p_value : from the replicates, never less than 1 / (R + 1); gumbel_p :
    for ranking; recurrence : bins, 1 / p_value.
    """

    number: int
    centre: tuple[float, float]
    radius: float
    shape: tuple[float, float]
    cells: np.ndarray
    start: int
    end: int
    observed: float
    expected: float
    relative_risk: float
    llr: float
    p_value: float
    gumbel_log_p: float

    @property
    def ratio(self) -> float:
        """Observed over expected."""
        return self.observed / self.expected

    @property
    def gumbel_p(self) -> float:
        """The tail of the Gumbel distribution fitted to the replicates: for ranking, not a stated p."""
        return float(np.exp(self.gumbel_log_p))

    @property
    def recurrence(self) -> float:
        """How often, in bins, a scan at every bin would see such a window by chance: 1 / p."""
        return 1.0 / self.p_value


@dataclass(frozen=True)
class ScanResult:
    """Clusters, the strongest first, and the replicates' largest statistics in the order they were drawn."""

    clusters: list[Cluster]
    maxima: np.ndarray
    n_zones: int
    n_spans: int

    def critical(self, level: float = 0.05) -> float:
        """The statistic a cluster needs for a p of at most *level*; infinite with too few replicates."""
        ordered = np.sort(self.maxima)[::-1]
        rank = int(np.floor(level * (len(ordered) + 1) + 1e-9))
        return float(ordered[rank - 1]) if rank >= 1 else np.inf


def scan(
    counts: np.ndarray,
    null: Null,
    sites: Sites,
    zones: Zones,
    windows: np.ndarray,
    *,
    n_replicates: int = 999,
    random_state: int | None = 0,
    side: str = "high",
    min_cases: int = 2,
    min_relative_risk: float = 1.0,
    stop_after: int = 0,
    max_clusters: int = 50,
    threads: int | None = None,
) -> ScanResult:
    """The most likely cluster, and those after it that share no cell with a stronger one.

    counts : (n_times, n_sites) whole numbers, as `Sites.gather` gives them; windows : (n_spans, 2) of `spans`, one
    span over all bins for a purely spatial scan. Each row of zones offers its best window, as SaTScan does. p is the
    rank among the largest statistics of *n_replicates* replicates of the null; with *stop_after* > 0 the replicates
    end when so many have reached the most likely cluster (Besag & Clifford), where small p are not in question.
    Of low rates (*side* `low`) neither `min_cases` nor `min_relative_risk` is asked.

    Raises ValueError for shapes that do not fit and for settings that are not offered.
    """
    _check(counts, null, zones, windows, min_relative_risk)
    search = Search(null, zones, windows, side=side, min_cases=min_cases, min_relative_risk=min_relative_risk)
    best, length, span = search.observed(counts)
    chosen = _apart(best, length, zones, max_clusters)
    maxima = np.empty(0)
    if len(chosen) and n_replicates:
        maxima = _replicates(
            search, float(best[chosen[0]]) * (1 - _ALIKE), n_replicates, random_state, stop_after, threads
        )
    statistic = best[chosen]
    p = sequential_p(statistic * (1 - _ALIKE), maxima, stop_after)
    tail = gumbel_log_p(statistic, *fit_gumbel(maxima))
    clusters = [
        _described(
            number + 1,
            row,
            int(length[row]),
            windows[span[row]],
            counts,
            null,
            sites,
            zones,
            best[row],
            p[number],
            tail[number],
        )
        for number, row in enumerate(chosen)
    ]
    return ScanResult(clusters, maxima, zones.n_zones, len(windows))


def _check(counts: np.ndarray, null: Null, zones: Zones, windows: np.ndarray, min_relative_risk: float) -> None:
    if np.shape(counts) != null.baseline.shape:
        raise ValueError(f"counts {np.shape(counts)} and the null's baseline {null.baseline.shape} must have one shape")
    if len(zones.members) and zones.members.max() >= null.baseline.shape[1]:
        raise ValueError("zones name sites that the counts do not have")
    if windows.min() < 0 or windows.max() > len(counts) or (windows[:, 0] >= windows[:, 1]).any():
        raise ValueError(f"windows must lie within the {len(counts)} bins")
    if null.kind == SCORE and min_relative_risk > 1:
        raise ValueError("the score of a negative binomial knows no least relative risk; set it to 1")


def _apart(best: np.ndarray, length: np.ndarray, zones: Zones, most: int) -> list[int]:
    """Rows of the clusters to tell: the strongest first, of equals the first, none sharing a site with one before."""
    taken = np.zeros(int(zones.members.max(initial=-1)) + 1, dtype=bool)
    chosen: list[int] = []
    for row in np.argsort(-best, kind="stable"):
        if best[row] <= 0 or len(chosen) == most:
            break
        members = zones.sites_of(row, int(length[row]))
        if not taken[members].any():
            taken[members] = True
            chosen.append(int(row))
    return chosen


def _replicates(
    search: Search, strongest: float, n: int, random_state: int | None, stop_after: int, threads: int | None
) -> np.ndarray:
    seeds = np.random.SeedSequence(random_state).spawn(min(_PILOT, n))
    search.set_floor(search.maxima(seeds))
    enough = (lambda found: stopping_time(strongest, found, stop_after) > 0) if stop_after else None
    found = run_replicates(
        search.maxima, n, random_state, batch=search.replicates_of_a_pass, threads=threads, enough=enough
    )
    stop = stopping_time(strongest, found, stop_after)
    return found[:stop] if stop else found


def _described(
    number: int,
    row: int,
    length: int,
    window: np.ndarray,
    counts: np.ndarray,
    null: Null,
    sites: Sites,
    zones: Zones,
    llr: float,
    p_value: float,
    log_tail: float,
) -> Cluster:
    members, (start, end) = zones.sites_of(row, length), (int(bin_) for bin_ in window)
    centre, inside = int(zones.centre[row]), np.ix_(np.arange(start, end), members)
    observed, mu = float(np.asarray(counts)[inside].sum()), float(null.baseline[inside].sum())
    expected = expected_of(null.kind, mu, null.cases, null.mass)
    if isinstance(null, NegativeBinomialNull):
        mu = expected = float(null.expected[inside].sum())
    rank = np.full(len(sites), len(members))
    rank[members] = np.arange(length)
    cells = np.flatnonzero(rank[sites.of_cell] < length)
    return Cluster(
        number=number,
        centre=(float(sites.places[centre, 0]), float(sites.places[centre, 1])),
        radius=float(sites.distance(centre, members).max()),
        shape=(float(zones.shape[row, 0]), float(zones.shape[row, 1])),
        cells=cells[np.argsort(rank[sites.of_cell[cells]], kind="stable")],
        start=start,
        end=end,
        observed=observed,
        expected=expected,
        relative_risk=risk_of(null.kind, observed, mu, null.cases, null.mass),
        llr=float(llr),
        p_value=float(p_value),
        gumbel_log_p=float(log_tail),
    )
