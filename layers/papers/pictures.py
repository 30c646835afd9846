"""The two pictures of a page: where the warnings are, and how the first of them grew."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from .. import style
from .canvas import Canvas

_LIGHT = style.GROUND["light"]
_MOST_UNITS = 400
_BEACON = 21.0
_UPPER_PENS = (("#aab7c5", 1.6), ("#8494a6", 2.2), ("#5c6b7d", 2.6))


@dataclass(frozen=True)
class _Frame:
    """From metres to pixels."""

    left: float
    top: float
    scale: float
    x: float
    y: float

    def pixels(self, shapes: Sequence[shapely.Geometry]) -> np.ndarray:
        found = np.asarray([shape for shape in shapes if shape is not None and not shape.is_empty], dtype=object)
        moved = shapely.transform(found, lambda xy: self._move(xy))
        return shapely.simplify(moved, 0.3)

    def _move(self, xy: np.ndarray) -> np.ndarray:
        return np.column_stack(
            [(xy[:, 0] - self.left) * self.scale + self.x, (self.top - xy[:, 1]) * self.scale + self.y]
        )


def draw_map(cells: gpd.GeoDataFrame, warnings: pd.DataFrame, width: int, height: int) -> bytes:
    """A map of the city as PNG: units, those of *warnings* in their level's colour, numbered beacons, a scale bar."""
    canvas = Canvas(width, height, "#f7f9fb")
    ground = cells[cells["role"] == "territorial"]
    frame = _frame_of(ground, width, height - 30, margin=20)
    sizes = ground.groupby("unit_level").size()
    level = max((int(n) for n in sizes.index if sizes[n] <= _MOST_UNITS), default=int(sizes.index.min()))
    units = frame.pixels(ground.loc[ground["unit_level"] == level, "geometry"])
    canvas.fill(units, "#ffffff")
    canvas.stroke(units, "#d5dde6", 1.0)
    for upper, (colour, pen) in zip(range(level - 1, -1, -1), _UPPER_PENS, strict=False):
        canvas.stroke(frame.pixels(ground.loc[ground["unit_level"] == upper, "geometry"]), colour, pen)
    shapes = dict(zip(cells["cell_id"], cells["geometry"], strict=True))
    _draw_units(canvas, frame, shapes, warnings)
    _draw_beacons(canvas, frame, shapes, warnings)
    _draw_scale(canvas, frame)
    return canvas.png()


def _frame_of(ground: gpd.GeoDataFrame, width: int, height: int, margin: int) -> _Frame:
    left, bottom, right, top = ground.total_bounds
    scale = min((width - 2 * margin) / max(right - left, 1.0), (height - 2 * margin) / max(top - bottom, 1.0))
    x, y = (width - scale * (right - left)) / 2, (height - scale * (top - bottom)) / 2
    return _Frame(left, top, scale, x, y)


def _draw_units(canvas: Canvas, frame: _Frame, shapes: Mapping[str, shapely.Geometry], warnings: pd.DataFrame) -> None:
    first = warnings.drop_duplicates("cell_id")
    for record in first.iloc[::-1].to_dict("records"):
        level = style.level_of(record["level"])
        places = [name for name in str(record.get("place_ids") or "").split(";") if name in shapes]
        canvas.fill(frame.pixels([shapes[name] for name in places]), level.dark, 0.22)
        own = shapes.get(record["cell_id"])
        if own is not None and record["unit_level"] != 0:
            canvas.fill(frame.pixels([own]), level.dark, 0.3)
            canvas.stroke(frame.pixels([own]), level.light, 3.0)


def _draw_beacons(
    canvas: Canvas, frame: _Frame, shapes: Mapping[str, shapely.Geometry], warnings: pd.DataFrame
) -> None:
    taken: list[tuple[float, float]] = []
    drawn = []
    for record in warnings.to_dict("records"):
        own = shapes.get(record["cell_id"])
        if own is None or own.is_empty:
            continue
        point = frame.pixels([shapely.point_on_surface(own)])[0]
        place = _free_place(point.x, point.y, taken, canvas)
        taken.append(place)
        drawn.append((record, (point.x, point.y), place))
    for record, point, (x, y) in reversed(drawn):
        level = style.level_of(record["level"])
        if point != (x, y):
            canvas.stroke([shapely.LineString([point, (x, y)])], level.light, 2.0)
            canvas.disc(point[0], point[1], 4.0, level.light)
        canvas.disc(x, y, _BEACON + 9, level.dark, 0.28)
        canvas.disc(x, y, _BEACON + 2.5, "#ffffff")
        canvas.disc(x, y, _BEACON, level.light)
        text = str(int(record["rank"]))
        canvas.text(x, y, text, 21 if len(text) == 1 else 17, level.ink_light)


def _free_place(x: float, y: float, taken: Sequence[tuple[float, float]], canvas: Canvas) -> tuple[float, float]:
    """The place nearest to (x, y) where a beacon touches no other and stays in the picture."""
    edge, apart = _BEACON + 4, 2 * _BEACON + 6
    for ring in range(8):
        for turn in range(12 if ring else 1):
            angle = turn * math.pi / 6
            px, py = x + ring * 0.75 * apart * math.cos(angle), y + ring * 0.75 * apart * math.sin(angle)
            inside = edge <= px <= canvas.width - edge and edge <= py <= canvas.height - edge
            if (inside or not ring) and all(math.hypot(px - tx, py - ty) >= apart for tx, ty in taken):
                return px, py
    return x, y


def _draw_scale(canvas: Canvas, frame: _Frame) -> None:
    longest = canvas.width * 0.2 / frame.scale
    power = 10.0 ** math.floor(math.log10(longest))
    metres = max(step * power for step in (1, 2, 5) if step * power <= longest)
    x, y, length = 24.0, canvas.height - 22.0, metres * frame.scale
    bar = shapely.LineString([(x, y - 7), (x, y), (x + length, y), (x + length, y - 7)])
    canvas.stroke([bar], _LIGHT["muted"], 2.0)
    text = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    canvas.text(x + length + 10, y - 5, text, 15, _LIGHT["muted"], align=0.0, weight=0.12)


def draw_series(series: pd.DataFrame, level: str | None, window: int, width: int, height: int) -> bytes:
    """The last bins of one series as PNG: bars of what was observed, a grey band up to `upper`, the expected as a line.

    series : `observed, expected, upper, valid`, oldest first. The last *window* bars are in the colour of *level*.
    Bins whose data are incomplete are hatched grey on the ground line.
    """
    canvas = Canvas(width, height)
    left, right, top, bottom = 58.0, width - 12.0, 26.0, height - 16.0
    observed = series["observed"].to_numpy(float)
    upper, expected = series["upper"].to_numpy(float), series["expected"].to_numpy(float)
    valid = series["valid"].to_numpy(bool)
    high = _round_up(float(np.nanmax([*observed, *upper, 1.0])))
    step = (right - left) / max(len(series), 1)
    x = left + step * (np.arange(len(series)) + 0.5)

    def level_of(values: np.ndarray) -> np.ndarray:
        return bottom - (bottom - top) * np.nan_to_num(values) / high

    for share in (0.0, 0.5, 1.0):
        y = bottom - (bottom - top) * share
        canvas.stroke([shapely.LineString([(left, y), (right, y)])], "#dfe5eb", 1.4)
        canvas.text(left - 10, y, f"{high * share:g}", 17, _LIGHT["muted"], align=1.0, weight=0.12)
    if len(series) > 1:
        band = [*zip(x, level_of(upper), strict=True), (x[-1], bottom), (x[0], bottom)]
        canvas.fill([shapely.Polygon(band).buffer(0.01)], "#e3e9ef")
    recent = np.arange(len(series)) >= len(series) - window
    colour = style.level_of(level).light if level else "#357a99"
    tops = level_of(observed)
    bars = np.array([shapely.box(a - 0.36 * step, t, a + 0.36 * step, bottom) for a, t in zip(x, tops, strict=True)])
    canvas.fill(bars[valid & ~recent], "#8fa3b8")
    canvas.fill(bars[valid & recent], colour)
    gaps = [shapely.box(a - 0.4 * step, bottom - 7, a + 0.4 * step, bottom) for a in x[~valid]]
    canvas.fill(gaps, style.NO_DATA.light)
    if len(series) > 1:
        canvas.stroke([shapely.LineString(list(zip(x, level_of(expected), strict=True)))], _LIGHT["text"], 2.2)
    return canvas.png()


def _round_up(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 5, 6, 8, 10) if step * power >= value - 1e-9)
