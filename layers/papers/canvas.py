"""Drawing without a graphics library: polygons, lines, discs and a few letters, smooth, into PNG bytes.

Shapes are rasterised at three times the size and averaged. Coordinates are pixels, x to the right, y downwards.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable

import numpy as np
import shapely
from rasterio.features import rasterize
from rasterio.transform import Affine

from .. import style

_FINE = 3


def _arc(x: float, y: float, rx: float, ry: float, first: float, last: float) -> list[tuple[float, float]]:
    angles = np.radians(np.linspace(first, last, 17))
    return [(x + rx * float(np.cos(a)), y + ry * float(np.sin(a))) for a in angles]


_STROKES: dict[str, list[list[tuple[float, float]]]] = {
    "0": [_arc(0.5, 0.8, 0.5, 0.8, 0, 360)],
    "1": [[(0.15, 0.3), (0.55, 0.0), (0.55, 1.6)]],
    "2": [[*_arc(0.5, 0.48, 0.48, 0.48, 180, 380), (0.0, 1.6), (1.0, 1.6)]],
    "3": [_arc(0.45, 0.4, 0.45, 0.4, 200, 450), _arc(0.45, 1.18, 0.5, 0.42, 270, 520)],
    "4": [[(0.75, 1.6), (0.75, 0.0), (0.0, 1.1), (1.05, 1.1)]],
    "5": [[(0.92, 0.0), (0.15, 0.0), (0.08, 0.72), *_arc(0.45, 1.08, 0.52, 0.52, 225, 520)]],
    "6": [[(0.78, 0.0), (0.08, 0.9)], _arc(0.5, 1.1, 0.5, 0.5, 0, 360)],
    "7": [[(0.0, 0.0), (1.0, 0.0), (0.35, 1.6)]],
    "8": [_arc(0.5, 0.4, 0.42, 0.4, 0, 360), _arc(0.5, 1.2, 0.5, 0.4, 0, 360)],
    "9": [_arc(0.5, 0.5, 0.5, 0.5, 0, 360), [(0.92, 0.7), (0.22, 1.6)]],
    ".": [[(0.45, 1.55), (0.5, 1.6)]],
    "k": [[(0.1, 0.0), (0.1, 1.6)], [(0.8, 0.55), (0.1, 1.15)], [(0.35, 0.95), (0.85, 1.6)]],
    "m": [
        [(0.0, 0.55), (0.0, 1.6)],
        [*_arc(0.27, 0.85, 0.27, 0.3, 180, 360), (0.54, 1.6)],
        [*_arc(0.81, 0.85, 0.27, 0.3, 180, 360), (1.08, 1.6)],
    ],
    " ": [],
}
"""Letters as strokes in a box one wide and 1.6 high."""


class Canvas:
    """A picture of *width* by *height* pixels on a plain ground."""

    def __init__(self, width: int, height: int, ground: str = "#ffffff"):
        self.width, self.height = width, height
        self._planes = np.empty((3, height * _FINE, width * _FINE), dtype=np.float32)
        self._planes[:] = np.reshape(style.rgb(ground), (3, 1, 1))

    def fill(self, shapes: Iterable[shapely.Geometry], colour: str, opacity: float = 1.0) -> None:
        """Paint the inside of polygons."""
        fine = shapely.transform(np.asarray([s for s in shapes if s is not None], dtype=object), lambda xy: xy * _FINE)
        fine = fine[~shapely.is_empty(fine)]
        if not len(fine):
            return
        left, top, right, bottom = shapely.total_bounds(fine)
        x, y = max(int(left), 0), max(int(top), 0)
        part = self._planes[:, y : max(int(bottom) + 2, 0), x : max(int(right) + 2, 0)]
        if not part.size:
            return
        pairs = ((shape, 1) for shape in fine)
        covered = rasterize(pairs, out_shape=part.shape[1:], transform=Affine(1, 0, x, 0, 1, y), dtype="uint8") == 1
        for plane, value in zip(part, style.rgb(colour), strict=True):
            if opacity < 1.0:
                np.multiply(plane, 1.0 - opacity, out=plane, where=covered)
                np.add(plane, opacity * value, out=plane, where=covered)
            else:
                np.copyto(plane, value, where=covered)

    def stroke(self, shapes: Iterable[shapely.Geometry], colour: str, width: float, opacity: float = 1.0) -> None:
        """Paint along lines or the boundaries of polygons, *width* pixels wide."""
        lines = np.asarray([s for s in shapes if s is not None], dtype=object)
        areas = shapely.get_dimensions(lines) == 2
        lines[areas] = shapely.boundary(lines[areas])
        self.fill(shapely.buffer(lines, width / 2, quad_segs=4), colour, opacity)

    def disc(self, x: float, y: float, radius: float, colour: str, opacity: float = 1.0) -> None:
        """Paint a disc."""
        self.fill([shapely.Point(x, y).buffer(radius, quad_segs=24)], colour, opacity)

    def text(
        self, x: float, y: float, text: str, size: float, colour: str, align: float = 0.5, weight: float = 0.15
    ) -> None:
        """Write figures (and 'k', 'm', '.') with the middle of their height at *y*.

        *align* is 0 for left of *x*, 0.5 middle, 1 right; *size* is the height in pixels. Letters that the small
        alphabet lacks are left out.
        """
        unit, step = size / 1.6, 1.5
        letters = [letter for letter in text if letter in _STROKES]
        if not letters:
            return
        left = x - align * unit * (step * len(letters) - (step - 1.0))
        lines = [
            shapely.LineString([(left + unit * (px + step * place), y + unit * (py - 0.8)) for px, py in stroke])
            for place, letter in enumerate(letters)
            for stroke in _STROKES[letter]
        ]
        if lines:
            self.stroke([shapely.MultiLineString(lines)], colour, weight * size)

    def png(self, dots_per_metre: int = 7874) -> bytes:
        """The picture as PNG bytes; equal pictures give equal bytes."""
        shape = (3, self.height, _FINE, self.width, _FINE)
        small = np.clip(self._planes.reshape(shape).mean(axis=(2, 4)) + 0.5, 0, 255).astype(np.uint8)
        small = np.ascontiguousarray(np.moveaxis(small, 0, -1))
        rows = np.concatenate([np.zeros((self.height, 1), np.uint8), small.reshape(self.height, -1)], axis=1)
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        density = struct.pack(">IIB", dots_per_metre, dots_per_metre, 1)
        body = zlib.compress(rows.tobytes(), 9)
        parts = [_chunk(b"IHDR", header), _chunk(b"pHYs", density), _chunk(b"IDAT", body), _chunk(b"IEND", b"")]
        return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
