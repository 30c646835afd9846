"""Windows that are not circles: ellipses, and connected sets of neighbouring sites."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy import sparse

from ..refusals import refusal
from .windows import Sites, Zones, _nested, _rows, circles

SHAPES = ((1.5, 4), (2.0, 6), (3.0, 9), (4.0, 12), (5.0, 15))
"""Long over short axis, and how many directions of the long axis: SaTScan's defaults, beside the circle."""

_MOST_SETS = 5_000_000


def ellipses(
    sites: Sites,
    weight: np.ndarray,
    *,
    max_share: float = 0.5,
    max_sites: int | None = None,
    penalty: float = 0.5,
    shapes: Sequence[tuple[float, int]] = SHAPES,
) -> Zones:
    """Circles, and ellipses of *shapes* around every site; sites enter one at a time by elliptic distance.

    The statistic of an ellipse of axis ratio s is multiplied by (4 s / (s + 1)²)^*penalty*: 0 none, 0.5 medium, 1
    strong. The rest as in `circles`; the angle told is that of the long axis with the x axis. In the plane only.
    Source: Kulldorff, Huang, Pickle & Duczmal (2006), Statistics in Medicine 25(22).
    """
    if sites.points.shape[1] != 2:
        raise refusal("E-MODEL-009", where="ellipses")
    round_ = circles(sites, weight, max_share=max_share, max_sites=max_sites)
    rows = [round_.sites_of(row, int(n)) for row, n in enumerate(np.diff(round_.start))]
    shape = [np.array([1.0, 0.0])] * len(sites)
    for ratio, n_angles in shapes:
        for angle in np.arange(n_angles) * 180.0 / n_angles:
            points = _squeezed(sites.points, ratio, angle)
            rows += _nested(points, points, weight, max_share, np.inf, max_sites)
            shape += [np.array([ratio, angle])] * len(sites)
    told = np.array(shape)
    factor = (4 * told[:, 0] / (told[:, 0] + 1) ** 2) ** penalty
    return _rows(rows, np.tile(np.arange(len(sites)), len(rows) // len(sites)), factor, told)


def connected_sets(sites: Sites, contiguity: sparse.spmatrix, *, max_sites: int = 10) -> Zones:
    """Every connected set of sites that holds a centre and lies within the *max_sites* nearest of it, itself included.

    contiguity : (n_sites, n_sites), binary. Sets grow as 2^max_sites; more than five million are refused. Each set
    comes once, under the first centre that has it. Source: Tango & Takahashi (2005), IJHG 4:11.
    """
    near = circles(sites, np.ones(len(sites)), max_share=1.0, max_sites=max_sites)
    links = sparse.csr_array(contiguity)
    seen: dict[tuple[int, ...], int] = {}
    for centre in range(len(sites)):
        for found in _connected(near.sites_of(centre, max_sites), links):
            seen.setdefault(found, centre)
        if len(seen) > _MOST_SETS:
            raise refusal("E-MODEL-010", where="connected_sets", max_sites=max_sites)
    rows = [np.array(found, dtype=np.int32) for found in seen]
    zones = _rows(rows, np.array(list(seen.values())), np.ones(len(rows)), np.tile([1.0, 0.0], (len(rows), 1)))
    return Zones(zones.members, zones.start, np.diff(zones.start), zones.centre, zones.penalty, zones.shape)


def _squeezed(points: np.ndarray, ratio: float, angle: float) -> np.ndarray:
    """The plane turned and squeezed along the long axis, so that ellipses become circles."""
    turn = np.radians(angle)
    along = points @ np.array([np.cos(turn), np.sin(turn)])
    across = points @ np.array([-np.sin(turn), np.cos(turn)])
    return np.column_stack([along / ratio, across])


def _connected(ring: np.ndarray, links: sparse.csr_array) -> Iterator[tuple[int, ...]]:
    """Connected sets within *ring* that hold its first site, each once, as sorted tuples."""
    inside = links[ring][:, ring].toarray() != 0
    beside = [sum(1 << int(j) for j in np.flatnonzero(row)) for row in inside | inside.T]
    stack = [(1, beside[0] & ~1, 1)]  # the set, its free neighbours, what may no longer enter
    while stack:
        held, free, barred = stack.pop()
        if free:
            first = free & -free
            stack.append((held, free & ~first, barred | first))
            grown = held | first
            stack.append((grown, ((free | beside[first.bit_length() - 1]) & ~grown) & ~barred, barred))
        else:
            yield tuple(sorted(int(site) for i, site in enumerate(ring) if held >> i & 1))
