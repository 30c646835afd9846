"""The ground of the sample city: outline, river, and irregular cells in communities, streets and districts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from .draws import Draws
from .words import COMMUNITY_HEADS, COMMUNITY_TAILS, DISTRICTS, RIVER, STREETS

ORIGIN = (113.2, 30.1)
METRES = np.array([111320.0 * np.cos(np.radians(ORIGIN[1])), 110850.0])  # per degree of longitude and of latitude
DECIMALS = 6
CENTRE = np.array([300.0, -1500.0])
COMMUNITIES_PER_STREET = 5
SECTORAL = (  # name, responsible unit, middle (m), radius (m)
    ("云汀火车站地区", "云汀站地区综合管理办公室", (1900.0, 2900.0), 520.0),
    ("霁江湿地公园", "霁江湿地公园管理处", (-3900.0, -900.0), 640.0),
    ("云麓工业园", "云麓工业园管委会", (-6300.0, 2900.0), 1250.0),
    ("文澜大学城", "文澜大学城管理办公室", (3900.0, -4300.0), 950.0),
    ("云汀体育中心", "云汀体育场馆运营中心", (-1500.0, -4300.0), 380.0),
    ("霁江港区", "霁江港务局", (8300.0, -350.0), 620.0),
)


@dataclass
class Ground:
    """Cells in the order of their codes; *rings* are lon/lat. The sectoral cells come last."""

    codes: list[str]
    names: list[str]
    parents: list[tuple[str, str, str]]  # names of community, street, district ("" for sectoral)
    units: list[str]  # the responsible unit
    population: np.ndarray
    shapes: list[Polygon]  # lon/lat, rounded
    centres: np.ndarray  # (n, 2) metres from ORIGIN
    areas: np.ndarray  # km2
    n_territorial: int

    def within(self, unit: str) -> np.ndarray:
        """Row numbers of the territorial cells of a unit: CITY, or a code or its prefix."""
        codes = self.codes[: self.n_territorial]
        return np.array([i for i, code in enumerate(codes) if unit == "CITY" or code.startswith(unit)], dtype=np.int64)

    def nearest(self, code: str, n: int) -> np.ndarray:
        """Row numbers of the *n* cells of the same district nearest to a cell, itself first."""
        same = self.within(code[:6])
        gap = np.hypot(*(self.centres[same] - self.centres[self.codes.index(code)]).T)
        return same[np.argsort(np.round(gap, 3), kind="stable")[:n]]


def to_lonlat(xy: np.ndarray) -> np.ndarray:
    """Metres from ORIGIN -> degrees, rounded."""
    return np.round(np.asarray(xy) / METRES + ORIGIN, DECIMALS)


def _outline(draws: Draws) -> Polygon:
    turn = np.linspace(0, 2 * np.pi, 110, endpoint=False)
    waves = [
        (2, 0.10, 0.6),
        (3, 0.085, 2.1),
        (5, 0.05, 4.0),
        (7, 0.03, 1.2),
        (9, 0.03, 0.3),
        (14, 0.02, 5.0),
        (23, 0.012, 2.0),
    ]
    radius = 7600 * (1 + sum(a * np.sin(k * turn + p) for k, a, p in waves) + draws.uniform(110, low=-0.02, high=0.02))
    return Polygon(np.column_stack([1.28 * radius * np.cos(turn) + 200, radius * np.sin(turn) - 300]))


def _band(line: np.ndarray, half: np.ndarray) -> Polygon:
    """A watercourse: *line* (n, 2) widened to both sides by *half* (n,) metres."""
    along = np.gradient(line, axis=0)
    across = np.column_stack([-along[:, 1], along[:, 0]]) / np.hypot(*along.T)[:, None] * half[:, None]
    return Polygon(np.vstack([line + across, (line - across)[::-1]]))


def _waters() -> tuple[Polygon, Polygon]:
    x = np.arange(-13000, 13001, 520.0)
    bend = -950 - 1250 * np.sin(x / 2500 + 0.35) + 430 * np.sin(x / 1350 + 1.0) + x * 0.06
    river = _band(np.column_stack([x, bend]), 185 + 45 * np.sin(x / 2300))
    t = np.linspace(0, 1, 24)
    stream = np.column_stack([-500 - 1900 * t + 620 * np.sin(t * 7.5), -880 + 10300 * t])
    return river, _band(stream, 42 + 26 * (1 - t))


def _lattice(draws: Draws) -> np.ndarray:
    """Plan positions (u, v) of evenly dense seeds: a turned, jittered lattice."""
    side = np.arange(-30, 31, dtype=float)
    u, v = np.meshgrid(side, side)
    plan = np.column_stack([u.ravel(), v.ravel()]) + draws.uniform(u.size, 2, low=-0.33, high=0.33)
    angle = np.radians(14.0)
    return plan @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def _spread(plan: np.ndarray) -> np.ndarray:
    """Plan -> ground (m): dense in the middle, wide at the edge of the city."""
    reach = np.hypot(*plan.T)
    return CENTRE + plan * (183 * (1 + (reach / 18.0) ** 2.1))[:, None]


def _voronoi(seeds: np.ndarray, land: Polygon) -> list[BaseGeometry]:
    """The part of *land* nearest to each seed."""
    parts = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=land.buffer(3000)))
    of_seed, of_part = shapely.STRtree(parts).query(shapely.points(seeds), predicate="intersects")
    order = dict(zip(of_seed.tolist(), of_part.tolist(), strict=True))
    return list(shapely.intersection(parts[[order[i] for i in range(len(seeds))]], land))


def _cut(plan: np.ndarray, land: Polygon) -> tuple[np.ndarray, list[Polygon]]:
    """Plan positions kept and their cells: two rounds of smoothing, then detached bits go to a neighbour."""
    seeds = _spread(plan)
    keep = shapely.contains_xy(land.buffer(-40), *seeds.T)
    plan, seeds = plan[keep], seeds[keep]
    for _ in range(2):
        whole = _mains(_voronoi(seeds, land), seeds)
        middles, centroids = (shapely.get_coordinates(of(whole)) for of in (shapely.point_on_surface, shapely.centroid))
        inside = shapely.contains_xy(land.buffer(-20), *centroids.T)
        seeds = seeds + 0.45 * (np.where(inside[:, None], centroids, middles) - seeds)
    cells = _voronoi(seeds, land)
    whole = _mains(cells, seeds)
    for cell, mine in zip(cells, list(whole), strict=True):
        for bit in shapely.get_parts(cell):
            if bit.geom_type == "Polygon" and not bit.equals(mine):
                shared = shapely.length(shapely.intersection(shapely.boundary(whole), bit.boundary))
                best = int(np.argmax(shared))
                whole[best] = shapely.union(whole[best], bit)
    return plan, whole


def _mains(cells: list[BaseGeometry], seeds: np.ndarray) -> list[Polygon]:
    """The part of each clipped cell that holds its seed."""
    out = []
    for cell, seed in zip(cells, shapely.points(seeds), strict=True):
        parts = [part for part in shapely.get_parts(cell) if part.geom_type == "Polygon"]
        out.append(min(parts, key=lambda part: (shapely.distance(part, seed), -part.area)))
    return out


def _rounded(cell: Polygon) -> Polygon:
    """Lon/lat with the ring turned to a canonical start, so that no library's vertex order shows."""
    ring = to_lonlat(shapely.get_coordinates(cell.exterior)[:-1])
    ring = ring[np.any(ring != np.roll(ring, 1, axis=0), axis=1)]
    start = np.lexsort((ring[:, 1], ring[:, 0]))[0]
    return Polygon(shapely.get_coordinates(shapely.geometry.polygon.orient(Polygon(np.roll(ring, -start, axis=0)))))


def _groups(plan: np.ndarray, n: int) -> np.ndarray:
    """k-means: the group of each position, in n groups of about equal size in the plan."""
    centres = plan[:1]
    while len(centres) < n:
        gap = np.min(((plan[:, None] - centres) ** 2).sum(axis=2), axis=1)
        centres = np.vstack([centres, plan[[np.argmax(np.round(gap, 6))]]])
    for _ in range(40):
        group = np.argmin(np.round(((plan[:, None] - centres) ** 2).sum(axis=2), 6), axis=1)
        size = np.maximum(np.bincount(group, minlength=n), 1)
        centres = np.column_stack([np.bincount(group, plan[:, k], minlength=n) / size for k in (0, 1)])
    return group


def _touching(shapes: list[Polygon]) -> list[np.ndarray]:
    """For each cell the cells it shares a border with."""
    tree = shapely.STRtree(shapes)
    a, b = tree.query(shapes, predicate="touches")
    edge = shapely.length(shapely.intersection(np.array(shapes)[a], np.array(shapes)[b])) > 1e-5
    return [b[edge & (a == i)] for i in range(len(shapes))]


def _bodies(members: np.ndarray, touching: list[np.ndarray]) -> list[list[int]]:
    """The connected parts of a group of cells, the largest last."""
    left, bodies = set(members.tolist()), []
    while left:
        body: set[int] = set()
        edge = [min(left)]
        while edge:
            i = edge.pop()
            if i in left:
                left.discard(i)
                body.add(i)
                edge.extend(touching[i].tolist())
        bodies.append(sorted(body))
    return sorted(bodies, key=len)


def _joined(group: np.ndarray, touching: list[np.ndarray]) -> np.ndarray:
    """Give cells cut off from the main body of their group to the group they touch most."""
    group = group.copy()
    for _ in range(4):
        for g in np.unique(group):
            for i in (i for body in _bodies(np.flatnonzero(group == g), touching)[:-1] for i in body):
                others = group[touching[i]]
                others = others[others != g]
                if len(others):
                    group[i] = np.bincount(others).argmax()
    return group


def _district(plan: np.ndarray, cells: list[Polygon], shapes: list[Polygon], number: int) -> list[tuple]:
    """Streets, communities and codes of one district: (code, cell name, parents, lon/lat shape, centre, area)."""
    touching = _touching(shapes)
    centres = shapely.get_coordinates(shapely.centroid(cells))
    street = _joined(_groups(plan, len(STREETS[number])), touching)
    out = []
    for s, g in enumerate(_by_distance(street, centres)):
        rows = np.flatnonzero(street == g)
        local = [np.searchsorted(rows, t[np.isin(t, rows)]) for t in (touching[i] for i in rows)]
        community = _joined(_groups(plan[rows], COMMUNITIES_PER_STREET), local)
        for c, h in enumerate(_by_distance(community, centres[rows])):
            members = rows[community == h]
            members = members[np.lexsort((centres[members, 0].round(1), -centres[members, 1].round(-2)))]
            for k, i in enumerate(members):
                code = f"9901{number + 1:02d}{s + 1:03d}{c + 1:03d}{k + 1:03d}"
                parents = (_community_name(number, s, c), STREETS[number][s], DISTRICTS[number])
                out.append((code, f"{k + 1:02d}网格", parents, shapes[i], centres[i], cells[i].area / 1e6))
    return out


def _by_distance(group: np.ndarray, centres: np.ndarray) -> list[int]:
    """Group numbers, the nearest to the city's centre first."""
    gap = np.hypot(*(centres - CENTRE).T)
    return sorted(np.unique(group).tolist(), key=lambda g: round(float(gap[group == g].mean()), 3))


def _community_name(district: int, street: int, community: int) -> str:
    before = sum(len(names) for names in STREETS[:district]) + street
    rural = STREETS[district][street].endswith("镇")
    return COMMUNITY_HEADS[before] + COMMUNITY_TAILS[community] + ("村" if rural and community > 1 else "社区")


def _sectoral(outline: Polygon, river: Polygon, draws: Draws) -> list[tuple]:
    """(code, name, unit, polygon in metres) of the cells run by a sector, which lie over the territorial ones."""
    out = [("990190900000001", f"{RIVER}河道", f"{RIVER}河道管理局", _widest(shapely.intersection(river, outline)))]
    for k, (name, unit, middle, radius) in enumerate(SECTORAL):
        turn = np.linspace(0, 2 * np.pi, 13, endpoint=False)
        wave = radius * (1 + 0.16 * np.sin(2 * turn + k) + draws.uniform(13, low=-0.10, high=0.10))
        ring = np.column_stack([wave * np.cos(turn) * 1.15, wave * np.sin(turn) * 0.85]) + middle
        land = shapely.difference(shapely.intersection(Polygon(ring), outline), LineString(_axis(river)).buffer(150))
        out.append((f"9901909000000{k + 2:02d}", name, unit, _widest(land)))
    return out


def _axis(river: Polygon) -> np.ndarray:
    ring = shapely.get_coordinates(river.exterior)[:-1]
    half = len(ring) // 2
    return (ring[:half] + ring[half:][::-1]) / 2


def _widest(shape: BaseGeometry) -> Polygon:
    return max(shapely.get_parts(shape), key=lambda part: part.area)


def make_ground(draws: Draws) -> Ground:
    """The whole city, deterministic in *draws*."""
    outline, (river, stream) = _outline(draws), _waters()
    lands = shapely.get_parts(shapely.difference(outline, shapely.union(river, stream)))
    lands = sorted(
        (land for land in lands if land.area > 1e6), key=lambda land: (land.centroid.y > -1500, -land.centroid.x)
    )
    plan = _lattice(draws)
    rows: list[tuple] = []
    for number, land in enumerate(lands):
        kept, cells = _cut(plan, land)
        rows += _district(kept, cells, [_rounded(cell) for cell in cells], number)
    extra = _sectoral(outline, river, draws)
    reach = np.array([np.hypot(*(row[4] - CENTRE)) for row in rows])
    areas = np.array([row[5] for row in rows])
    people = areas * (900 + 17500 * np.exp(-((reach / 4300) ** 2))) * draws.uniform(len(rows), low=0.6, high=1.45)
    return Ground(
        codes=[row[0] for row in rows] + [row[0] for row in extra],
        names=[row[1] for row in rows] + [row[1] for row in extra],
        parents=[row[2] for row in rows] + [("", "", "")] * len(extra),
        units=[row[2][0] + ("村委会" if row[2][0].endswith("村") else "居委会") for row in rows]
        + [e[2] for e in extra],
        population=np.concatenate([np.round(people, -1), np.zeros(len(extra))]).astype(np.int64),
        shapes=[row[3] for row in rows] + [_rounded(e[3]) for e in extra],
        centres=np.vstack([[row[4] for row in rows], [shapely.get_coordinates(e[3].centroid)[0] for e in extra]]),
        areas=np.concatenate([areas, [e[3].area / 1e6 for e in extra]]),
        n_territorial=len(rows),
    )
