"""Who neighbours whom: by contiguity, distance or number, as binary links without self."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse, spatial

from ...cube import SpaceTimeCube
from ...params import param
from ..base import Estimator
from ..refusals import refusal

NEIGHBOURS = ("queen", "rook", "distance", "knearest")
_SAME = 1e-9  # distances nearer to each other than this share are equal


@dataclass(eq=False, repr=False)
class Neighbourhood(Estimator):
    """The settings that every model of neighbours has."""

    neighbours: str = param(
        "queen",
        "Which cells are neighbours: those that touch (queen), those that share a border and not only a corner (rook), "
        "those within the bandwidth (distance), or the k nearest (knearest).",
        choices=NEIGHBOURS,
        zh="邻接方式:相邻(queen)、共边(rook)、距离内(distance)或最近k个(knearest)。",
    )
    bandwidth: float = param(
        1000.0,
        "Distance between centres within which cells are neighbours (neighbours = distance).",
        unit="m",
        low=1.0,
        zh="距离邻接的半径。",
    )
    k: int = param(
        8,
        "Number of nearest cells that are neighbours (neighbours = knearest).",
        low=1,
        zh="最近邻的个数(neighbours = knearest)。",
    )

    def links(self, cube: SpaceTimeCube) -> sparse.csr_array:
        """The (n_cells, n_cells) binary links of *cube* under these settings."""
        return neighbour_links(cube, self.neighbours, bandwidth=self.bandwidth, k=self.k)


def neighbour_links(
    cube: SpaceTimeCube, neighbours: str = "queen", *, bandwidth: float = 1000.0, k: int = 8
) -> sparse.csr_array:
    """(n_cells, n_cells) binary CSR without diagonal: a row's columns are the cell's neighbours.

    *neighbours* is `queen` (any point shared), `rook` (a stretch of border shared), `distance` (centres at most
    *bandwidth* metres apart) or `knearest` (the *k* nearest centres). The first three are symmetric. Of centres
    equally far away the one with the smaller x, then the smaller y comes first; a city of fewer cells than k has
    all the others as neighbours.

    Raises
    ------
    InputError
        If `rook` is asked for and the cells carry no border lengths.
    """
    if neighbours == "queen":
        return without_diagonal(cube.contiguity)
    if neighbours == "rook":
        if cube.borders is None:
            raise refusal("E-MODEL-008", where="neighbours = rook")
        return without_diagonal(cube.borders)
    if neighbours == "distance":
        return _within(cube.centres, bandwidth)
    if neighbours == "knearest":
        return _nearest(cube.centres, k)
    raise ValueError(f"neighbours must be one of {', '.join(NEIGHBOURS)}, not {neighbours!r}")


def row_standardised(links: sparse.spmatrix) -> sparse.csr_array:
    """The same links with weights that sum to one in every row that has any."""
    links = sparse.csr_array(links, dtype=float)
    share = np.repeat(row_sums(links)[0], np.diff(links.indptr))
    return sparse.csr_array((links.data / np.where(share > 0, share, 1.0), links.indices, links.indptr), links.shape)


def row_sums(weights: sparse.spmatrix) -> tuple[np.ndarray, np.ndarray]:
    """(n_cells,) sum of each row's weights, and of their squares."""
    weights = sparse.csr_array(weights)
    squared = sparse.csr_array((weights.data**2, weights.indices, weights.indptr), weights.shape)
    return np.asarray(weights.sum(axis=1)).ravel(), np.asarray(squared.sum(axis=1)).ravel()


def without_diagonal(links: sparse.spmatrix) -> sparse.csr_array:
    """The same links as binary CSR, none of a cell to itself."""
    found = sparse.coo_array(links)
    between = (found.row != found.col) & (found.data != 0)
    row, col = found.row[between], found.col[between]
    return sparse.csr_array((np.ones(len(row)), (row, col)), shape=found.shape)


def _within(centres: np.ndarray, bandwidth: float) -> sparse.csr_array:
    """Binary links between cells whose centres lie within *bandwidth* metres."""
    pairs = spatial.cKDTree(centres).query_pairs(bandwidth, output_type="ndarray")
    ends = np.concatenate([pairs, pairs[:, ::-1]]).T
    return sparse.csr_array((np.ones(ends.shape[1]), (ends[0], ends[1])), shape=(len(centres), len(centres)))


def _nearest(centres: np.ndarray, k: int) -> sparse.csr_array:
    """Binary links from every cell to its *k* nearest, ties by (x, y)."""
    n = len(centres)
    k = min(k, n - 1)
    if k < 1:
        return sparse.csr_array((n, n))
    near, distance = _candidates(centres, k)
    row = np.repeat(np.arange(n), near.shape[1])
    column, apart = near.ravel(), distance.ravel()
    apart = np.where(column == row, -1.0, apart)  # the cell itself, also among cells of the same centre
    order = np.lexsort((column, centres[column, 1], centres[column, 0], _tied(apart.reshape(near.shape)).ravel(), row))
    chosen = column[order].reshape(near.shape)[:, 1 : k + 1]
    return sparse.csr_array((np.ones(n * k), (np.repeat(np.arange(n), k), chosen.ravel())), shape=(n, n))


def _candidates(centres: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Enough nearest cells of each, itself among them, that none equally far as the k-th is missing."""
    n, asked = len(centres), min(len(centres), 2 * k + 2)
    tree = spatial.cKDTree(centres)
    while True:
        distance, near = tree.query(centres, asked)
        if asked == n or (distance[:, -1] > distance[:, k] * (1 + _SAME)).all():
            return near, distance
        asked = min(n, 2 * asked)


def _tied(distance: np.ndarray) -> np.ndarray:
    """Rank of each distance within its row, equal where they differ by rounding alone."""
    order = np.argsort(distance, axis=1, kind="stable")
    rising = np.take_along_axis(distance, order, axis=1)
    step = np.diff(rising, axis=1) > _SAME * np.abs(rising[:, 1:])
    rank = np.concatenate([np.zeros((len(distance), 1), dtype=np.int64), np.cumsum(step, axis=1)], axis=1)
    ranks = np.empty_like(rank)
    np.put_along_axis(ranks, order, rank, axis=1)
    return ranks
