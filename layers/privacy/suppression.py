"""Counts for everyone: small ones withheld, so that no total gives them back; the others rounded.

A table of units × classes, over one or several periods. What is shown is safe even from someone who learns the true
totals of every row and column elsewhere: with the shown counts taken as known exactly, each withheld count could still
have another value (Cox 1980, Journal of the American Statistical Association 75: a withheld cell of a two-way table is
safe if it lies on an alternating cycle of withheld cells that can be shifted).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

K = 8
"""The least count that is shown."""

STEP = 5
"""Shown counts are multiples of this."""


@dataclass(frozen=True)
class PublicCounts:
    """What may be shown of a table: `shown` (n_periods, n_units, n_classes), whole numbers, -1 where withheld.

    The totals add up the shown numbers only, so they hold nothing the table does not; `withheld` is one mask
    (n_units, n_classes) for all periods, because the difference of two periods that overlap is a period too.
    """

    shown: np.ndarray
    withheld: np.ndarray
    k: int
    step: int

    @property
    def unit_totals(self) -> np.ndarray:
        """(n_periods, n_units) totals of what is shown."""
        return self._visible.sum(axis=2)

    @property
    def class_totals(self) -> np.ndarray:
        """(n_periods, n_classes) totals of what is shown."""
        return self._visible.sum(axis=1)

    @property
    def totals(self) -> np.ndarray:
        """(n_periods,) totals of what is shown."""
        return self._visible.sum(axis=(1, 2))

    @property
    def _visible(self) -> np.ndarray:
        return np.where(self.shown < 0, 0, self.shown)


def suppress(counts: np.ndarray, *, k: int = K, step: int = STEP, also: np.ndarray | None = None) -> PublicCounts:
    """What may be shown of *counts*, (n_units, n_classes) or (n_periods, n_units, n_classes) whole numbers.

    A count below *k*, zero too, is withheld in every period; so is what *also* (n_units, n_classes) names, and as few
    further counts, the smallest first, as it takes that none can be worked out from true totals. A table of one row
    or one column has no such protection but its totals being those of the shown numbers: there every withheld count
    stands beside at least one other.
    """
    table = np.asarray(counts)
    table = table[None] if table.ndim == 2 else table
    withheld = (table < k).any(axis=0)
    if also is not None:
        withheld = withheld | also
    while True:
        moves = [_moves(period, withheld, k) for period in table]
        exposed = withheld & ~np.all([_can_move(*move) for move in moves], axis=0)
        more = _partners(exposed, withheld, table, k)
        if not more.any():
            break
        withheld = withheld | more
    rounded = (table + step // 2) // step * step
    return PublicCounts(np.where(withheld[None], -1, rounded), withheld, k, step)


def _moves(table: np.ndarray, withheld: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of the *withheld* counts could be higher by one, and which lower.

    Someone who knows the rule knows that a count withheld for its size is below *k*, and may guess that another one
    is not: the bounds taken here are the narrowest anyone can know.
    """
    small = table < k
    return withheld & (~small | (table < k - 1)), withheld & (table > np.where(small, 0, k))


def _can_move(rises: np.ndarray, falls: np.ndarray) -> np.ndarray:
    """Whether each count lies on a cycle of four, of which two in turn can rise while two fall."""
    if 1 in rises.shape:
        return (rises | falls) & ((rises | falls).sum() > 1)
    up, down = rises.astype(np.int64), falls.astype(np.int64)
    return (rises & (_corners(down, up, down) > 0)) | (falls & (_corners(up, down, up) > 0))


def _corners(beside: np.ndarray, across: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Cycles through each cell (i, j): cells (i', j) of *beside*, (i', j') of *across*, (i, j') of *below*."""
    every = below @ across.T @ beside
    own_row = beside * (across * below).sum(axis=1, keepdims=True)
    own_column = below * (beside * across).sum(axis=0, keepdims=True)
    return every - own_row - own_column + beside * across * below


def _partners(exposed: np.ndarray, withheld: np.ndarray, table: np.ndarray, k: int) -> np.ndarray:
    """For every exposed count the cheapest three that protect it in every period; withheld ones cost nothing."""
    more = np.zeros_like(withheld)
    could = [_moves(period, np.ones_like(withheld), k) for period in table]
    for i, j in zip(*np.nonzero(exposed), strict=True):
        price = np.where(withheld | more, 0, table.max(axis=0))
        cost = (price[:, j, None] + price[None, i, :] + price).astype(float)
        cost[i], cost[:, j] = np.inf, np.inf
        for rises, falls in could:
            up = rises[i, j] & falls[:, j, None] & falls[None, i, :] & rises
            down = falls[i, j] & rises[:, j, None] & rises[None, i, :] & falls
            cost[~(up | down)] = np.inf
        if np.isfinite(cost).any():
            across, below = np.unravel_index(int(cost.argmin()), cost.shape)
            more[across, j] = more[i, below] = more[across, below] = True
        else:
            more |= _smallest_open(i, j, withheld | more, table.max(axis=0))
    return more & ~withheld


def _smallest_open(i: int, j: int, withheld: np.ndarray, size: np.ndarray) -> np.ndarray:
    """The smallest count still shown in the row, in the column, or where both are withheld anywhere."""
    more = np.zeros_like(withheld)
    shown = np.where(withheld, np.iinfo(np.int64).max, size)
    if not withheld[i].all():
        more[i, int(shown[i].argmin())] = True
    if not withheld[:, j].all():
        more[int(shown[:, j].argmin()), j] = True
    if not more.any() and not withheld.all():
        more.ravel()[int(shown.argmin())] = True
    return more
