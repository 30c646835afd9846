"""Windows: nested circles of sites, one site at a time, and spans of bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from ..refusals import refusal

EARTH_RADIUS = 6_371_000.0
"""Metres, of the sphere that great circles are drawn on."""

_CHUNK = 1024
_LARGEST = 500_000_000
"""Entries of a list of members (2 GB) beyond which a cap has to be set."""


@dataclass(frozen=True)
class Sites:
    """The distinct places of the cells, sorted by (x, y): a site's number is its rank, so ties break by it.

    places : (n_sites, 2) metres, or degrees of longitude and latitude; points : the same in the plane, or in space
    where distances are chords of great circles (which order as the arcs do); of_cell : (n_cells,) site of each cell.
    Cells at one place enter a window together, and re-ordered cells change nothing.
    """

    places: np.ndarray
    points: np.ndarray
    of_cell: np.ndarray

    @classmethod
    def of(cls, centres: np.ndarray, *, great_circle: bool = False) -> Sites:
        """The sites of (n_cells, 2) *centres*: x and y in metres, or with *great_circle* longitude and latitude."""
        centres = np.asarray(centres, dtype=float)
        if centres.ndim != 2 or centres.shape[1] != 2 or not np.isfinite(centres).all():
            raise ValueError(f"centres must be finite numbers of shape (n_cells, 2), not {centres.shape}")
        places, of_cell = np.unique(centres + 0.0, axis=0, return_inverse=True)
        return cls(places, _in_space(places) if great_circle else places, of_cell.ravel())

    def __len__(self) -> int:
        return len(self.places)

    def gather(self, values: np.ndarray) -> np.ndarray:
        """Sum of (..., n_cells) *values* per site, (..., n_sites)."""
        values = np.asarray(values, dtype=float)
        rows = values.reshape(-1, len(self.of_cell))
        summed = [np.bincount(self.of_cell, weights=row, minlength=len(self)) for row in rows]
        return np.reshape(summed, (*values.shape[:-1], len(self)))

    def linked(self, contiguity: sparse.spmatrix) -> sparse.csr_array:
        """(n_sites, n_sites) which sites touch, of (n_cells, n_cells) links between cells."""
        links = sparse.coo_array(contiguity)
        ends = (self.of_cell[links.row], self.of_cell[links.col])
        return sparse.csr_array((np.ones(len(ends[0])), ends), shape=(len(self), len(self)))

    def distance(self, one: int, others: np.ndarray) -> np.ndarray:
        """Metres from a site to others, along the great circle where the sites lie on a sphere."""
        apart = np.sqrt(((self.points[others] - self.points[one]) ** 2).sum(axis=1))
        if self.points.shape[1] == 2:
            return apart
        return 2 * EARTH_RADIUS * np.arcsin(np.minimum(apart / (2 * EARTH_RADIUS), 1.0))


@dataclass(frozen=True)
class Zones:
    """Nested zones in rows: of each row every prefix of at least `lowest` members is a zone.

    members : sites of all rows one after the other, int32; start : (n_rows + 1,) where each row begins; lowest :
    (n_rows,) members of the smallest zone; centre : (n_rows,) site; penalty : (n_rows,) factor of the statistic (1
    for circles); shape : (n_rows, 2) axis ratio and angle of the long axis in degrees (1 and 0 for circles).
    """

    members: np.ndarray
    start: np.ndarray
    lowest: np.ndarray
    centre: np.ndarray
    penalty: np.ndarray
    shape: np.ndarray

    @property
    def n_rows(self) -> int:
        return len(self.centre)

    @property
    def n_zones(self) -> int:
        return int(np.maximum(np.diff(self.start) - self.lowest + 1, 0).sum())

    def sites_of(self, row: int, length: int) -> np.ndarray:
        """The first *length* members of a row, in the order they enter."""
        first = self.start[row]
        return self.members[first : first + length]


def circles(
    sites: Sites,
    weight: np.ndarray,
    *,
    max_share: float = 0.5,
    max_radius: float = np.inf,
    max_sites: int | None = None,
) -> Zones:
    """Circles around every site: sites enter one at a time by distance, of equals the one first in (x, y).

    weight : (n_sites,) population, expectation or cases; a zone holds at most *max_share* of it, reaches at most
    *max_radius* metres (along the great circle on a sphere) and counts at most *max_sites* sites. A site heavier
    than the share has no zone of its own.
    """
    rows = _nested(sites.points, sites.points, weight, max_share, _chord(sites, max_radius), max_sites)
    return _rows(rows, np.arange(len(sites)), np.ones(len(sites)), np.tile([1.0, 0.0], (len(sites), 1)))


def spans(n_times: int, longest: int, *, prospective: bool = True) -> np.ndarray:
    """(n_spans, 2) windows of time [first, end) of at most *longest* bins: those that end last, or all."""
    if not 1 <= longest <= n_times:
        raise ValueError(f"the longest window must lie between 1 and the {n_times} bins, not {longest}")
    lengths = np.arange(1, longest + 1)
    if prospective:
        return np.column_stack([n_times - lengths, np.full(longest, n_times)])
    ends = [np.arange(length, n_times + 1) for length in lengths]
    return np.concatenate([np.column_stack([end - n, end]) for n, end in zip(lengths, ends, strict=True)])


def in_spans(values: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """(n_sites, n_spans) sums of (n_times, n_sites) *values* over each span."""
    summed = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=float)])
    return np.ascontiguousarray((summed[windows[:, 1]] - summed[windows[:, 0]]).T)


def _in_space(places: np.ndarray) -> np.ndarray:
    longitude, latitude = np.radians(places).T
    if np.abs(places[:, 1]).max(initial=0.0) > 90:
        raise refusal("E-MODEL-011", where="centres")
    flat = np.cos(latitude)
    unit = np.column_stack([flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)])
    return EARTH_RADIUS * unit


def _chord(sites: Sites, radius: float) -> float:
    if sites.points.shape[1] == 2 or not np.isfinite(radius):
        return radius
    return 2 * EARTH_RADIUS * float(np.sin(min(radius / (2 * EARTH_RADIUS), np.pi / 2)))


def _nested(
    points: np.ndarray, centres: np.ndarray, weight: np.ndarray, share: float, radius: float, most: int | None
) -> list[np.ndarray]:
    """For each centre, the sites of its largest zone in the order they enter."""
    tree = cKDTree(points)
    n = len(points)
    most = n if most is None else min(most, n)
    limit = share * weight.sum() * (1 + 1e-12)
    rows: list[np.ndarray] = [np.empty(0, dtype=np.int32)] * len(centres)
    left, ask, held = np.arange(len(centres)), min(n, max(32, min(most, int(1.2 * share * n) + 8)) + 1), 0
    while len(left):
        undone = []
        for first in range(0, len(left), _CHUNK):
            part = left[first : first + _CHUNK]
            near, squared = _by_distance(tree, points, centres[part], ask)
            sure = np.full(len(part), n)
            if ask < n:  # a place as far as the last one told may have been left out
                sure = (squared < squared[:, -1:] * (1 - 1e-12)).sum(axis=1)
            within = (np.cumsum(weight[near], axis=1) <= limit) & (squared <= radius**2 * (1 + 1e-12))
            length = np.minimum(np.where(within.all(axis=1), near.shape[1], within.argmin(axis=1)), most)
            done = (length < sure) | (sure >= n) | ((length == most) & (length <= sure))
            for row in np.flatnonzero(done):
                rows[part[row]] = near[row, : length[row]].astype(np.int32)
            held += int(length[done].sum())
            _refuse_too_many(held)
            undone.append(part[~done])
        left, ask = np.concatenate(undone), min(n, 2 * ask)
    return rows


def _by_distance(tree: cKDTree, points: np.ndarray, centres: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    near = tree.query(centres, k)[1].reshape(len(centres), -1)
    squared = ((points[near] - centres[:, None, :]) ** 2).sum(axis=2)
    order = np.lexsort((near, squared), axis=1)
    return np.take_along_axis(near, order, axis=1), np.take_along_axis(squared, order, axis=1)


def _refuse_too_many(held: int) -> None:
    if held > _LARGEST:
        raise refusal("E-MODEL-012", where="scan", most=_LARGEST)


def _rows(rows: list[np.ndarray], centre: np.ndarray, penalty: np.ndarray, shape: np.ndarray) -> Zones:
    start = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    members = np.concatenate(rows).astype(np.int32) if rows else np.empty(0, dtype=np.int32)
    lowest = np.ones(len(rows), dtype=np.int64)
    return Zones(members, start, lowest, centre.astype(np.int64), penalty.astype(float), shape.astype(float))
