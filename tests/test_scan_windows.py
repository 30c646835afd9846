"""Circles, spans, ellipses and connected sets: who is in, in which order, and where a window ends."""

from __future__ import annotations

from itertools import combinations

import gridbeacon.models.scan.windows as windows_room
import numpy as np
import pytest
from gridbeacon.models.scan import Sites, circles, connected_sets, ellipses, spans
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

LATTICE = np.array([(x, y) for y in range(4) for x in range(4)], float)[::-1]


def order_of(zones, row):
    return zones.sites_of(row, int(zones.start[row + 1] - zones.start[row])).tolist()


def test_ties_are_broken_by_x_then_y():
    sites = Sites.of(LATTICE)
    ring = sites.places[order_of(circles(sites, np.ones(16), max_share=1.0), 5)]
    assert ring[:5].tolist() == [[1, 1], [0, 1], [1, 0], [1, 2], [2, 1]]
    assert ring[5:9].tolist() == [[0, 0], [0, 2], [2, 0], [2, 2]]


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([0.1, 0.3, 0.5, 1.0]), st.sampled_from([None, 1, 5, 200]), st.booleans())
def test_circles_by_hand(seed, share, most, sphere):
    rng = np.random.default_rng(seed)
    centres = rng.integers(0, 12, (130, 2)).astype(float)
    sites = Sites.of(centres, great_circle=sphere)
    weight = rng.integers(0, 4, len(sites)).astype(float)
    radius = 4.0 if not sphere else 500_000.0
    zones = circles(sites, weight, max_share=share, max_radius=radius, max_sites=most)
    squared = ((sites.points[:, None] - sites.points) ** 2).sum(axis=2)
    for row in range(len(sites)):
        ring = sorted(range(len(sites)), key=lambda i, row=row: (squared[row, i], i))
        near = [i for i in ring if sites.distance(row, np.array([i]))[0] <= radius * (1 + 1e-9)][:most]
        held = np.cumsum(weight[near]) <= share * weight.sum() * (1 + 1e-12)
        assert order_of(zones, row) == near[: len(near) if held.all() else int(held.argmin())]


def test_cells_at_one_place_enter_together():
    sites = Sites.of(np.array([[5.0, 5], [0, 0], [5, 5], [1, 0]]))
    assert len(sites) == 3
    assert sites.gather(np.array([[1.0, 2, 4, 8]])).tolist() == [[2, 8, 5]]
    assert sites.of_cell.tolist() == [2, 0, 2, 1]


def test_great_circles_in_metres():
    """By hand: a degree of a meridian is pi / 180 of the radius; Beijing-Shanghai is 1,067 km (haversine)."""
    sites = Sites.of(np.array([[0.0, 0], [0, 1], [116.4, 39.9], [121.47, 31.23]]), great_circle=True)
    assert sites.distance(0, np.array([1]))[0] == pytest.approx(np.pi / 180 * 6_371_000)
    assert sites.distance(2, np.array([3]))[0] == pytest.approx(1_067_500, rel=1e-3)
    with pytest.raises(ValueError, match="longitude first"):
        Sites.of(np.array([[39.9, 116.4]]), great_circle=True)


def test_spans_end_last_or_anywhere():
    assert spans(5, 2).tolist() == [[4, 5], [3, 5]]
    assert spans(3, 2, prospective=False).tolist() == [[0, 1], [1, 2], [2, 3], [0, 2], [1, 3]]
    assert len(spans(90, 14, prospective=False)) == sum(90 - n + 1 for n in range(1, 15))


def test_an_ellipse_of_ratio_one_is_a_circle_and_a_long_one_follows_its_axis():
    sites = Sites.of(LATTICE * 10)
    zones = ellipses(sites, np.ones(16), max_share=0.25, penalty=1.0, shapes=((1.0, 1), (4.0, 2)))
    assert [order_of(zones, row) for row in range(16)] == [order_of(zones, 16 + row) for row in range(16)]
    assert zones.penalty[[0, 16, 40, 50]].tolist() == pytest.approx([1, 1, 0.64, 0.64])
    assert zones.shape[40].tolist() == [4.0, 0.0]
    along = sites.places[order_of(zones, 2 * 16 + 5)]
    assert len(set(along[:, 1])) == 1  # the long axis lies along x: one row of the lattice
    assert len(set(sites.places[order_of(zones, 3 * 16 + 5)][:, 0])) == 1


def test_connected_sets_by_hand():
    sites = Sites.of(LATTICE[:9])
    touch = np.abs(sites.places[:, None] - sites.places).sum(axis=2) == 1
    zones = connected_sets(sites, sparse.csr_array(touch), max_sites=9)
    found = {frozenset(order_of(zones, row)) for row in range(zones.n_rows)}

    def hangs_together(chosen):
        reached = {chosen[0]}
        while grown := {b for a in reached for b in chosen if touch[a, b]} - reached:
            reached |= grown
        return len(reached) == len(chosen)

    every = (set_ for size in range(1, 10) for set_ in combinations(range(9), size))
    assert found == {frozenset(set_) for set_ in every if hangs_together(set_)}
    assert zones.n_zones == zones.n_rows == len(found)


def test_zones_that_would_not_fit_in_memory_are_refused(monkeypatch):
    monkeypatch.setattr(windows_room, "_LARGEST", 100)
    sites = Sites.of(LATTICE)
    with pytest.raises(ValueError, match=r"more than 100 members.*Lower"):
        circles(sites, np.ones(16), max_share=1.0)
    assert circles(sites, np.ones(16), max_share=1.0, max_sites=6).n_zones == 96


def test_ellipses_on_a_sphere_are_refused():
    sites = Sites.of(LATTICE, great_circle=True)
    with pytest.raises(ValueError, match=r"in the plane.*metres"):
        ellipses(sites, np.ones(16))
