"""Polygons made into a coverage: overlaps decided, gaps and slivers given away, borders that match exactly."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from .coverage import holes_of, merge, mismatched, snap_corners
from .files import make_valid
from .topology import mean_width

GRID_M = 0.001
"""Corners are placed to the millimetre while borders are matched."""

MOST_ROUNDS = 6


def close_coverage(shapes: np.ndarray, rank: np.ndarray, sliver: float, largest_gap: float) -> np.ndarray:
    """Valid polygons in metres -> the same polygons as a coverage: no overlap, no gap, no border that does not match.

    Ground covered twice goes to the polygon of smallest *rank*; gaps up to *largest_gap* (m²), and overlaps and parts
    narrower than *sliver* (m, mean width), to the neighbour with the longest shared border, of equal ones to the
    smaller rank. Polygons far from any fault keep their corners, to the millimetre. A polygon left without any ground
    comes back empty.
    """
    work = _on_grid(snap_corners(shapes))
    for _ in range(MOST_ROUNDS):
        work = _hand_over_threads(work, rank, sliver)
        loose = mismatched(work)
        gaps = holes_of(np.array([merge(work, loose)], dtype=object))
        gaps = gaps[shapely.area(gaps) <= largest_gap]
        _, beside = shapely.STRtree(work).query(gaps, predicate="dwithin", distance=2 * GRID_M)
        loose[beside] = True
        if not loose.any():
            break
        work = _rebuilt(work, np.flatnonzero(loose), rank, sliver, largest_gap)
    return work


def _on_grid(shapes: np.ndarray) -> np.ndarray:
    """Corners rounded to the millimetre; all alike, so borders that matched still do."""
    rounded = shapely.transform(shapes, lambda corners: np.round(corners, 3))
    valid, _ = make_valid(rounded)
    return valid


def _hand_over_threads(shapes: np.ndarray, rank: np.ndarray, sliver: float) -> np.ndarray:
    """Separate parts narrower than *sliver* joined to the other polygon they share the longest border with."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    several = np.bincount(owner, minlength=len(shapes))[owner] > 1
    thin = np.flatnonzero(several & (mean_width(parts) < sliver))
    if not len(thin):
        return shapes
    shapes = shapes.copy()
    part, other = shapely.STRtree(shapes).query(parts[thin], predicate="intersects")
    apart = owner[thin[part]] != other
    part, other = part[apart], other[apart]
    heirs = _longest(part, other, _shared_border(parts[thin[part]], shapes[other]), rank)
    for number, heir in heirs.items():
        row = owner[thin[number]]
        rest = [p for p in shapely.get_parts(shapes[row]) if not p.equals(parts[thin[number]])]
        if rest:
            shapes[row] = shapely.multipolygons(rest) if len(rest) > 1 else rest[0]
            shapes[heir] = merge(np.array([shapes[heir], parts[thin[number]]], dtype=object))
    return shapes


def _shared_border(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    return shapely.length(shapely.intersection(shapely.boundary(one), shapely.boundary(two)))


def _longest(subject: np.ndarray, heir: np.ndarray, length: np.ndarray, rank: np.ndarray) -> dict[int, int]:
    """For each subject the heir with the greatest summed length (to the millimetre), of equal ones the smaller rank."""
    table = pd.DataFrame({"subject": subject, "heir": heir, "length": length})
    sums = table.groupby(["subject", "heir"])["length"].sum().round(3).reset_index()
    sums = sums[sums["length"] > 0].assign(rank=lambda t: rank[t["heir"].to_numpy(dtype=np.int64)])
    best = sums.sort_values(["length", "rank"], ascending=[False, True], kind="stable").groupby("subject").first()
    return {int(number): int(row) for number, row in best["heir"].items()}


def _rebuilt(shapes: np.ndarray, rows: np.ndarray, rank: np.ndarray, sliver: float, largest_gap: float) -> np.ndarray:
    """The polygons in *rows* put together anew from the faces that all their borders make."""
    lines = shapely.union_all(shapely.boundary(shapes[rows]), grid_size=GRID_M)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    face, cell = shapely.STRtree(shapes).query(shapely.point_on_surface(faces), predicate="intersects")
    owner = _owners(faces, face, cell, rows, rank, sliver, largest_gap)
    _give_away(faces, owner, face, cell, rank)
    rebuilt = shapes.copy()
    held = pd.Series(np.arange(len(faces))).groupby(owner).indices
    for row in rows:
        rebuilt[row] = merge(faces[held[row]]) if row in held else shapely.Polygon()
    return rebuilt


LEFT, OPEN = -1, -2
"""A face that is no one's: it stays as it is, or a neighbour is still to be found."""


def _owners(
    faces: np.ndarray,
    face: np.ndarray,
    cell: np.ndarray,
    rows: np.ndarray,
    rank: np.ndarray,
    sliver: float,
    largest_gap: float,
) -> np.ndarray:
    """(n_faces,) row of the polygon each face belongs to, LEFT or OPEN; (*face*, *cell*) says which cover it."""
    claims = np.bincount(face, minlength=len(faces))
    by_rank = pd.DataFrame({"face": face, "cell": cell, "rank": rank[cell]}).sort_values(["face", "rank"])
    first = by_rank.groupby("face")["cell"].first()
    owner = np.full(len(faces), OPEN, dtype=np.int64)
    owner[first.index] = first.to_numpy()
    owner[(claims > 1) & (mean_width(faces) < sliver)] = OPEN
    owner[(claims == 0) & (shapely.area(faces) > largest_gap)] = LEFT
    foreign = face[~np.isin(cell, rows)]
    owner[foreign] = LEFT  # ground of a polygon that is not rebuilt
    return owner


def _give_away(faces: np.ndarray, owner: np.ndarray, face: np.ndarray, cell: np.ndarray, rank: np.ndarray) -> None:
    """Settle the OPEN faces in place: the longest border with ground already settled, among the claimants if any."""
    claimed = pd.Series(cell).groupby(face).agg(set).to_dict()
    tree = shapely.STRtree(faces)
    while (owner == OPEN).any():
        undecided = np.flatnonzero(owner == OPEN)
        one, two = tree.query(faces[undecided], predicate="intersects")
        one = undecided[one]
        settled = owner[two] >= 0
        one, two = one[settled], two[settled]
        may = np.array([owner[b] in claimed.get(a, {owner[b]}) for a, b in zip(one, two, strict=True)], dtype=bool)
        one, two = one[may], two[may]
        heirs = _longest(one, owner[two], _shared_border(faces[one], faces[two]), rank)
        if not heirs:
            for number in undecided:  # no settled neighbour: a claimant takes it, or it stays no one's
                own = sorted(claimed.get(number, ()), key=lambda row: rank[row])
                owner[number] = own[0] if own else LEFT
            return
        owner[list(heirs)] = list(heirs.values())
