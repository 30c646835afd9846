"""A density surface as the page draws it: numbers on a Web Mercator grid, with breaks that people can read."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from rasterio.crs import CRS
from rasterio.transform import Affine
from rasterio.warp import Resampling, calculate_default_transform, reproject

from ..raster import Surface, density_breaks
from .shapes import MERCATOR, Lattice

LONGEST = 360
"""Pixels along the longer side of the embedded picture."""

TOP = 254
"""Largest stored value; 255 marks no data."""


def make_density(surface: Surface, lattice: Lattice) -> dict[str, Any] | None:
    """The surface as bytes (square-root scale up to `top`), its place on the lattice, breaks and km² per class.

    Values stay events per km² and period. None where the surface holds no number at all.
    """
    values = np.asarray(surface.values, dtype=np.float32)
    if not np.isfinite(values).any():
        return None
    picture, transform = _to_mercator(values, surface)
    top = float(np.nanmax(picture)) if np.isfinite(picture).any() else 0.0
    scaled = np.sqrt(np.clip(np.nan_to_num(picture), 0, None) / top) * TOP if top > 0 else np.zeros_like(picture)
    stored = np.where(np.isfinite(picture), np.rint(scaled), TOP + 1).astype(np.uint8)
    rows, cols = picture.shape
    corners = np.array(
        [(transform.c, transform.f), (transform.c + transform.a * cols, transform.f + transform.e * rows)]
    )
    breaks = density_breaks(values)
    return {
        "rows": rows,
        "cols": cols,
        "box": [int(v) for v in lattice.place(corners).ravel()],
        "top": round(top, 4),
        "breaks": breaks,
        "km2": _km2(values, surface.transform, breaks),
        "period": str(surface.period),
        "values": base64.b64encode(stored.tobytes()).decode("ascii"),
    }


def _km2(values: np.ndarray, transform: tuple[float, ...], breaks: list[float]) -> list[float]:
    """Area in km² of each class, the one below the first break included."""
    pixel = abs(transform[1] * transform[5]) / 1e6
    finite = values[np.isfinite(values)]
    counts = np.bincount(np.digitize(finite, breaks), minlength=len(breaks) + 1)
    return [round(float(count) * pixel, 2) for count in counts]


def _to_mercator(values: np.ndarray, surface: Surface) -> tuple[np.ndarray, Affine]:
    source, crs = Affine.from_gdal(*surface.transform), CRS.from_user_input(surface.crs)
    rows, cols = values.shape
    transform, width, height = calculate_default_transform(crs, MERCATOR, cols, rows, *surface.bounds)
    shrink = max(width, height) / LONGEST
    if shrink > 1:
        wide, high = int(width / shrink), int(height / shrink)
        a, e = transform.a * width / wide, transform.e * height / high
        transform, width, height = Affine(a, 0.0, transform.c, 0.0, e, transform.f), wide, high
    picture = np.full((height, width), np.nan, dtype=np.float32)
    reproject(
        values,
        picture,
        src_transform=source,
        src_crs=crs,
        src_nodata=np.nan,
        dst_transform=transform,
        dst_crs=MERCATOR,
        dst_nodata=np.nan,
        resampling=Resampling.bilinear,
    )
    return picture, transform
