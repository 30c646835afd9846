"""A basemap as the page carries it: lines as small whole numbers, a picture as text, a tile address as it is."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from ..basemap import Basemap, ends_of
from .shapes import Lattice, packed, varints

STEP = 4
"""Lattice steps per step of a basemap's lines: they are drawn under the cells and need not meet them exactly."""


def make_ground(basemap: Basemap, lattice: Lattice) -> dict[str, Any]:
    """The value the page's own script draws beneath borders and labels; see `assets/briefing-ground.js`."""
    ground: dict[str, Any] = {
        "step": STEP,
        "kinds": [_lines(kind, shapes, lattice) for kind, shapes in basemap.shapes.items()],
        "credit": basemap.credit,
    }
    if basemap.picture is not None:
        west, south, east, north = basemap.picture.box
        x = [(value - lattice.x0) / lattice.unit for value in (west, east)]
        y = [(lattice.y0 - value) / lattice.unit for value in (north, south)]
        ground["picture"] = {
            "png": base64.b64encode(basemap.picture.png).decode("ascii"),
            "box": [round(value, 1) for value in (x[0], y[0], x[1], y[1])],
        }
    if basemap.tiles:
        ground["tiles"] = basemap.tiles
    return ground


def _lines(kind: str, shapes: np.ndarray, lattice: Lattice) -> dict[str, Any]:
    """`n` vertices per line or ring; `x`, `y` along all of them, in steps of `STEP`."""
    xy, sizes = ends_of(shapes)
    steps = np.rint(lattice.place(xy) / STEP).astype(np.int64)
    return {"kind": kind, "n": varints(sizes), "x": packed(steps[:, 0]), "y": packed(steps[:, 1])}
