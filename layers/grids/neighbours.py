"""Queen neighbours, exactly: two units are neighbours when they share any point of their boundary."""

from __future__ import annotations

import numpy as np
import shapely
from scipy import sparse

_BLOCK = 400_000


def queen(shapes: np.ndarray, tolerance: float = 0.0) -> sparse.csr_matrix:
    """Binary (n, n) CSR, without diagonal, of the polygons that touch or overlap within *tolerance* (same units).

    Shared vertices settle nearly every pair at once; what is left, such as a corner that meets the middle
    of an edge, is settled by distance.
    """
    n = len(shapes)
    linked = _share_vertex(shapes)
    near = shapely.STRtree(shapes).query(_grown(shapes, tolerance))
    one, two = near[:, near[0] < near[1]]
    known = np.asarray(linked[one, two]).ravel().astype(bool) if len(one) else np.zeros(0, bool)
    one, two = one[~known], two[~known]
    touching = _within(shapes, one, two, tolerance)
    one, two = one[touching], two[touching]
    more = sparse.coo_matrix((np.ones(len(one)), (one, two)), shape=(n, n))
    return binary(linked + more + more.T)


def lift(contiguity: sparse.csr_matrix, group: np.ndarray, n_groups: int) -> sparse.csr_matrix:
    """Neighbours of groups: two are neighbours when any of their members are. *group* is (n,), -1 for none.

    Exact, because a group's boundary is made of its members' boundaries.
    """
    member = np.flatnonzero(group >= 0)
    shape = (n_groups, len(group))
    belongs = sparse.csr_matrix((np.ones(len(member)), (group[member], member)), shape=shape)
    return binary(belongs @ contiguity @ belongs.T)


def binary(matrix: sparse.spmatrix) -> sparse.csr_matrix:
    """*matrix* as CSR of ones with an empty diagonal and sorted rows."""
    found = sparse.coo_matrix(matrix)
    off = found.row != found.col
    ones = np.ones(int(off.sum()))
    clean = sparse.csr_matrix((ones, (found.row[off], found.col[off])), shape=found.shape)
    clean.sum_duplicates()
    clean.data[:] = 1.0
    return clean


def _share_vertex(shapes: np.ndarray) -> sparse.csr_matrix:
    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    whole = np.ascontiguousarray(coordinates).view(complex).ravel()  # sorts several times faster than pairs do
    _, vertex = np.unique(whole, return_inverse=True)
    shape = (len(shapes), int(vertex.max()) + 1 if len(vertex) else 0)
    incidence = sparse.csr_matrix((np.ones(len(owner)), (owner, vertex)), shape=shape)
    return binary(incidence @ incidence.T)


def _grown(shapes: np.ndarray, tolerance: float) -> np.ndarray:
    bounds = shapely.bounds(shapes) + np.array([-tolerance, -tolerance, tolerance, tolerance])
    return shapely.box(*bounds.T)


def _within(shapes: np.ndarray, one: np.ndarray, two: np.ndarray, tolerance: float) -> np.ndarray:
    answers = [np.zeros(0, dtype=bool)]
    for start in range(0, len(one), _BLOCK):
        a, b = shapes[one[start : start + _BLOCK]], shapes[two[start : start + _BLOCK]]
        answers.append(shapely.dwithin(a, b, tolerance) if tolerance > 0 else shapely.intersects(a, b))
    return np.concatenate(answers)
