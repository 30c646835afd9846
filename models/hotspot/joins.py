"""Join counts: do cells that have something lie together? For yes and no, where counts say too much."""

from __future__ import annotations

import numpy as np
from scipy import sparse, stats

from .autocorrelation import GlobalStatistic, weight_sums


def join_counts(marked: np.ndarray, links: sparse.spmatrix) -> dict[str, GlobalStatistic]:
    """Joins between marked cells (`both`), unmatched (`one`) and unmarked (`none`), each against marks in any order.

    marked : (n_cells,) bool. links : (n_cells, n_cells) binary sparse without diagonal; a join is a link either way,
    each counted as half, so that symmetric links count once. The null fixes the number of marks (nonfree sampling).
    Raises ValueError for marks that are not bool or links of another size. Source: Cliff & Ord (1981), section 1.4 and
    eq. 2.28-2.31.
    """
    mark, links = _checked(marked, links)
    n, sums = len(mark), weight_sums(links)
    m = int(mark.sum())
    yes, no = mark.astype(float), 1.0 - mark
    both, none = yes @ (links @ yes) / 2, no @ (links @ no) / 2
    one = sums[0] / 2 - both - none
    return {
        "both": _of_one_kind(both, m, n, sums),
        "one": _of_two_kinds(one, m, n, sums),
        "none": _of_one_kind(none, n - m, n, sums),
    }


def local_join_counts(marked: np.ndarray, links: sparse.spmatrix) -> tuple[np.ndarray, np.ndarray]:
    """Marked neighbours of every marked cell, and log P(as many or more) given the cell: exact, hypergeometric.

    Both (n_cells,); 0 for an unmarked cell. Arguments and errors as in `join_counts`.
    Source: Anselin & Li (2019), Journal of Geographical Systems 21.
    """
    mark, links = _checked(marked, links)
    k = np.diff(links.indptr)
    count = np.where(mark, links @ mark.astype(float), 0.0)
    tail = stats.hypergeom.logsf(count - 1, max(len(mark) - 1, 0), max(int(mark.sum()) - 1, 0), k)
    return count, np.where(mark & (k > 0), np.minimum(tail, 0.0), 0.0)


def _checked(marked: np.ndarray, links: sparse.spmatrix) -> tuple[np.ndarray, sparse.csr_array]:
    mark = np.asarray(marked).ravel()
    if mark.dtype != bool:
        raise ValueError(f"marks must be bool, not {mark.dtype}")
    if links.shape != (len(mark),) * 2:
        raise ValueError(f"links must be {(len(mark),) * 2} to match {len(mark)} cells, not {links.shape}")
    return mark, sparse.csr_array(links)


def _falling(m: int, order: int) -> float:
    """m (m - 1) ... over *order* factors."""
    return float(np.prod([m - i for i in range(order)]))


def _of_one_kind(value: float, m: int, n: int, sums: tuple[float, float, float]) -> GlobalStatistic:
    """Moments of the joins between m marked cells of n."""
    s0, s1, s2 = sums
    share = [_falling(m, order) / _falling(n, order) if n >= order else 0.0 for order in (2, 3, 4)]
    expected = s0 * share[0] / 2
    second = (s1 * share[0] + (s2 - 2 * s1) * share[1] + (s0**2 + s1 - s2) * share[2]) / 4
    return GlobalStatistic(float(value), expected, max(second - expected**2, 0.0))


def _of_two_kinds(value: float, m: int, n: int, sums: tuple[float, float, float]) -> GlobalStatistic:
    """Moments of the joins between m marked and n - m unmarked cells."""
    s0, s1, s2 = sums
    pair = m * (n - m) / _falling(n, 2) if n >= 2 else 0.0
    four = _falling(m, 2) * _falling(n - m, 2) / _falling(n, 4) if n >= 4 else 0.0
    expected = s0 * pair
    second = s2 * pair / 4 + (s0**2 + s1 - s2) * four
    return GlobalStatistic(float(value), expected, max(second - expected**2, 0.0))
