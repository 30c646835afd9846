"""A small map as SVG: outlines of the units, and the rows that were set aside or lie on a false place."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import geopandas as gpd
import numpy as np
import shapely

from ..style import GROUND, LEVELS, RISK_CLASSES
from .words import say

WIDTH, MARGIN = 760.0, 46.0
_MOST_UNITS = 300
_MOST_MARKS = 4_000
_LIGHT = GROUND["light"]
RED, ORANGE, BLUE = (level.light for level in LEVELS if level.name in ("red", "orange", "blue"))


def draw_map(cells: gpd.GeoDataFrame, marks: Mapping[str, np.ndarray], lang: str) -> str:
    """The map as one `<svg>` element with its legend below it, without scripts and without references.

    Marks farther out than the margin stand at its edge, so that one wild point does not shrink the city.
    """
    units, city = outlines_of(cells)
    frame = Frame(*city.bounds)
    width, height = frame.size
    title = escape(say("map_title", lang))
    parts = [
        f'<svg class="map" viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{title}">',
        f"<title>{title}</title>",
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="{_LIGHT["page"]}"/>',
        f'<path d="{path_of(units, frame)}" fill="{RISK_CLASSES[0].light}" stroke="#ffffff" stroke-width="1"/>',
        f'<path d="{path_of([city], frame)}" fill="none" stroke="{_LIGHT["muted"]}" stroke-width="1.2"/>',
        *_dots(marks.get("duplicate"), frame, BLUE),
        *_crosses(marks.get("outside"), frame),
        *_rings(marks.get("default"), frame, lang),
        "</svg>",
    ]
    return "".join(parts) + _legend(marks, frame, lang)


class Frame:
    """From metres to the drawing: y downwards, the city inside a margin."""

    def __init__(self, west: float, south: float, east: float, north: float):
        self.scale = (WIDTH - 2 * MARGIN) / max(east - west, (north - south) / 1.1, 1.0)
        self.west, self.north = west, north
        self.size = (east - west) * self.scale + 2 * MARGIN, (north - south) * self.scale + 2 * MARGIN

    def place(self, xy: np.ndarray) -> np.ndarray:
        """(n, 2) drawing units, unclipped."""
        return np.column_stack([(xy[:, 0] - self.west), (self.north - xy[:, 1])]) * self.scale + MARGIN

    def clamped(self, xy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(drawing units inside the frame, (n,) bool which had to be moved there)."""
        placed = self.place(xy)
        inside = np.clip(placed, 8.0, np.array(self.size) - 8.0)
        return inside, (inside != placed).any(axis=1)


def outlines_of(cells: gpd.GeoDataFrame) -> tuple[list[shapely.Geometry], shapely.Geometry]:
    """Outlines of the finest territorial level that a small map can show, and of the city, both simplified."""
    own = cells[cells["role"] == "territorial"]
    levels = own.groupby("unit_level").size()
    fit = [int(level) for level, n in levels.items() if n <= _MOST_UNITS]
    level = max(fit) if fit else int(levels.index.min())
    city = own.loc[own["unit_level"] == own["unit_level"].min(), "geometry"].iloc[0]
    west, south, east, north = city.bounds
    least = max(east - west, north - south) / 900
    units = own.loc[own["unit_level"] == level, "geometry"].to_numpy()
    return list(shapely.simplify(units, least)), shapely.simplify(city, least)


def path_of(shapes: list[shapely.Geometry], frame: Frame) -> str:
    """Polygons as the `d` of one SVG path, holes included."""
    rings = []
    for shape in shapes:
        for part in shapely.get_parts(shape):
            if part.geom_type != "Polygon" or part.is_empty:
                continue
            for ring in (part.exterior, *part.interiors):
                points = frame.place(shapely.get_coordinates(ring)[:-1])
                rings.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z")
    return "".join(rings)


def _thinned(xy: np.ndarray | None) -> np.ndarray:
    """At most `_MOST_MARKS` of the marks, evenly taken: a picture needs no more."""
    if xy is None or not len(xy):
        return np.zeros((0, 2))
    return xy[:: max(1, int(np.ceil(len(xy) / _MOST_MARKS)))]


def _dots(xy: np.ndarray | None, frame: Frame, colour: str) -> list[str]:
    placed, _ = frame.clamped(_thinned(xy)[:, :2])
    return [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2" fill="{colour}" fill-opacity="0.6"/>' for x, y in placed]


def _crosses(xy: np.ndarray | None, frame: Frame) -> list[str]:
    placed, _ = frame.clamped(_thinned(xy)[:, :2])
    strokes = "".join(f"M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8" for x, y in placed)
    return [f'<path d="{strokes}" fill="none" stroke="{RED}" stroke-width="1.8"/>'] if strokes else []


def _rings(xyn: np.ndarray | None, frame: Frame, lang: str) -> list[str]:
    if xyn is None or not len(xyn):
        return []
    placed, _ = frame.clamped(xyn[:, :2])
    largest = float(xyn[:, 2].max())
    out = []
    for (x, y), rows in zip(placed, xyn[:, 2], strict=True):
        radius = 6 + 12 * (rows / largest) ** 0.5
        words = escape(say("rows_there", lang).format(n=f"{int(rows):,}"))
        at_end = x > frame.size[0] - 110
        out.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{ORANGE}" fill-opacity="0.16" stroke="{ORANGE}" '
            f'stroke-width="1.8"/><text x="{x + (-radius - 4 if at_end else radius + 4):.1f}" y="{y + 4:.1f}" '
            f'text-anchor="{"end" if at_end else "start"}" class="note">{words}</text>'
        )
    return out


def _legend(marks: Mapping[str, np.ndarray], frame: Frame, lang: str) -> str:
    outside = marks.get("outside")
    n_outside = 0 if outside is None else len(outside)
    far = int(frame.clamped(outside[:, :2])[1].sum()) if n_outside and outside is not None else 0
    piles = marks.get("default")
    rows = int(piles[:, 2].sum()) if piles is not None and len(piles) else 0
    duplicates = marks.get("duplicate")
    entries = [
        (
            f'<path d="M3 3l8 8m0 -8l-8 8" fill="none" stroke="{RED}" stroke-width="1.8"/>',
            "map_outside",
            n_outside,
            far,
        ),
        (
            f'<circle cx="7" cy="7" r="5.5" fill="{ORANGE}" fill-opacity="0.16" stroke="{ORANGE}" stroke-width="1.8"/>',
            "map_default",
            rows,
            0,
        ),
        (
            f'<circle cx="7" cy="7" r="2.6" fill="{BLUE}"/>',
            "map_duplicate",
            0 if duplicates is None else len(duplicates),
            0,
        ),
    ]
    shown = []
    for sign, name, n, beyond in entries:
        more = say("map_far", lang).format(n=f"{beyond:,}") if beyond else ""
        words = escape(f"{say(name, lang)} {n:,}{more}")
        shown.append(f'<li><svg class="sign" viewBox="0 0 14 14" aria-hidden="true">{sign}</svg>{words}</li>')
    return f'<ul class="legend">{"".join(shown)}</ul>'
