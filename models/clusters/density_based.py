"""DBSCAN and HDBSCAN by scikit-learn, with answers that the order of the rows does not change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.cluster import DBSCAN, HDBSCAN

from ..refusals import refusal
from .buckets import checked_points

NOISE = -1
"""The label of a point in no cluster."""

_MOST_POINTS = 50_000  # of HDBSCAN, whose time grows with the square: 25 s on one core


@dataclass(frozen=True)
class Clusters:
    """labels : (n_points,) cluster numbers from 0, -1 for noise. core : (n_points,) whether a point is a core point.

    HDBSCAN has no core points; there `core` is True for every member of a cluster.
    """

    labels: np.ndarray
    core: np.ndarray

    @property
    def n_clusters(self) -> int:
        return int(self.labels.max(initial=-1)) + 1


def dbscan(points: np.ndarray, distance: float, min_points: int) -> Clusters:
    """DBSCAN of (n_points, 2) *points* in metres.

    A core point has at least *min_points* points, itself included, within *distance* metres, the border included.
    Core points that near each other share a cluster; a border point near several belongs to the one with the lowest
    number; clusters are numbered by their westernmost core point (then southernmost). Points at one address are one
    place with a weight, so a pile of them costs no more than one. Neighbourhoods are held in memory: the number of
    pairs of places within *distance* is the limit.

    Source: Ester, Kriegel, Sander & Xu (1996), KDD-96; scikit-learn's DBSCAN.
    """
    points = checked_points(points)
    if not len(points):
        return Clusters(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool))
    places, back = _places(points)
    found = DBSCAN(eps=distance, min_samples=min_points, algorithm="kd_tree")
    found.fit(places, sample_weight=np.bincount(back))
    core = np.zeros(len(places), dtype=bool)
    core[found.core_sample_indices_] = True
    return Clusters(found.labels_[back].astype(np.int64), core[back])


def hdbscan(points: np.ndarray, min_cluster_size: int, min_points: int | None = None) -> Clusters:
    """HDBSCAN of (n_points, 2) *points* in metres: clusters of any density with at least *min_cluster_size* points.

    *min_points* smooths the density, as in `dbscan`; by default it is *min_cluster_size*. Clusters are numbered by
    their westernmost member. Points enter in the order of their coordinates, so rows may come in any order; where
    ties let scikit-learn part the points of one place, all of them belong to its cluster.

    Raises InputError for more than 50,000 points: the time grows with the square of their number.

    Source: Campello, Moulavi & Sander (2013), PAKDD; scikit-learn's HDBSCAN.
    """
    points = checked_points(points)
    if len(points) > _MOST_POINTS:
        raise refusal("E-MODEL-005", where="hdbscan", most=_MOST_POINTS, n=len(points))
    needed = max(min_cluster_size, min_points or 0)
    if len(points) < needed:
        return Clusters(np.full(len(points), NOISE), np.zeros(len(points), dtype=bool))
    order = np.lexsort(points.T[::-1])
    model = HDBSCAN(min_cluster_size=min_cluster_size, min_samples=min_points, copy=True)
    found = model.fit(points[order]).labels_
    _, place = _places(points)
    of_place = np.full(int(place.max()) + 1, NOISE)
    np.maximum.at(of_place, place[order], found)
    labels = renumbered(of_place)[place]
    return Clusters(labels, labels != NOISE)


def renumbered(labels: np.ndarray) -> np.ndarray:
    """The same clusters, numbered in the order in which they first appear; noise stays -1."""
    names, first = np.unique(labels[labels != NOISE], return_index=True)
    number = np.full(int(labels.max(initial=-1)) + 2, NOISE, dtype=np.int64)
    number[names[np.argsort(first)]] = np.arange(len(names))
    return number[labels]


def _places(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct places by x, then y, and the place of every point."""
    order = np.lexsort(points.T[::-1])
    fresh = np.append(True, (np.diff(points[order], axis=0) != 0).any(axis=1))
    back = np.empty(len(points), dtype=np.int64)
    back[order] = np.cumsum(fresh) - 1
    return points[order[fresh]], back
