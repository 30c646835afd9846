"""What is withheld from the public cannot be worked out, not even by someone who knows the true totals."""

from __future__ import annotations

import numpy as np
import pytest
from gridbeacon.layers.privacy.suppression import STEP, K, suppress
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

BLOCKS = 10
"""Of a hundred random tables each."""


def random_table(seed):
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(2, 7)), int(rng.integers(2, 6)))
    return rng.negative_binomial(rng.choice([0.5, 1.0, 3.0]), rng.uniform(0.02, 0.3), shape)


def bounds_of(table, withheld, k):
    """Least and greatest value of each withheld count, given the shown ones and all true totals of rows and columns.

    A linear programme; its matrix is that of a transport problem, so the bounds are whole numbers.
    """
    rows, columns = np.nonzero(withheld)
    equal = np.zeros((sum(table.shape), len(rows)))
    equal[rows, np.arange(len(rows))] = 1
    equal[table.shape[0] + columns, np.arange(len(rows))] = 1
    known = np.where(withheld, 0, table)
    left = np.concatenate([(table - known).sum(axis=1), (table - known).sum(axis=0)])
    limits = [(0, k - 1) if table[i, j] < k else (k, None) for i, j in zip(rows, columns, strict=True)]
    for n in range(len(rows)):
        aim = np.zeros(len(rows))
        aim[n] = 1
        least = linprog(aim, A_eq=equal, b_eq=left, bounds=limits)
        most = linprog(-aim, A_eq=equal, b_eq=left, bounds=limits)
        yield (rows[n], columns[n]), round(least.fun), np.inf if most.status == 3 else round(-most.fun)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_an_attacker_with_every_true_total_recovers_nothing(block):
    for seed in range(100 * block, 100 * block + 100):
        table = random_table(seed)
        published = suppress(table)
        if published.withheld.all():
            continue  # nothing is shown at all
        for (i, j), least, most in bounds_of(table, published.withheld, K):
            assert least < most, (table, published.shown, i, j)


counts = arrays(
    np.int64, st.tuples(*[st.integers(1, 3), st.integers(1, 6), st.integers(1, 5)]), elements=st.integers(0, 40)
)


@settings(max_examples=200)
@given(counts)
def test_nothing_small_is_shown_and_totals_add_up_the_shown(table):
    published = suppress(table)
    shown = published.shown
    assert (shown[(table < K)] == -1).all()
    assert (np.abs(shown - table)[shown >= 0] <= STEP / 2).all() and (shown[shown >= 0] % STEP == 0).all()
    assert ((shown == -1) == published.withheld[None]).all(), "one mask for all periods"
    assert (published.totals == np.where(shown < 0, 0, shown).sum(axis=(1, 2))).all()
    assert (published.unit_totals.sum(axis=1) == published.totals).all()
    assert (published.class_totals.sum(axis=1) == published.totals).all()


def test_a_single_small_count_takes_others_with_it():
    table = np.array([[3, 40, 50], [30, 20, 60], [25, 45, 70]])
    withheld = suppress(table).withheld
    assert withheld[0, 0] and withheld.sum() == 4 and withheld[0].sum() == 2 and withheld[:, 0].sum() == 2


def test_a_table_without_small_counts_is_shown_whole():
    assert not suppress(np.full((4, 3), 20)).withheld.any()


def test_two_small_counts_at_their_bounds_do_not_protect_each_other():
    """0 and 7 in a cycle whose other corners cannot move: both are known to whoever knows the totals."""
    table = np.array([[0, 7], [7, 0]])
    published = suppress(np.pad(table, ((0, 1), (0, 1)), constant_values=30))
    for _, least, most in bounds_of(np.pad(table, ((0, 1), (0, 1)), constant_values=30), published.withheld, K):
        assert least < most


def test_what_another_period_withheld_stays_withheld():
    also = np.zeros((3, 3), bool)
    also[1, 1] = True
    assert suppress(np.full((3, 3), 50), also=also).withheld[1, 1]
