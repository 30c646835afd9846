"""Surfaces to GeoTIFF: a density in events/km² per period, with a style beside it that QGIS finds by itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
import rasterio.features
import rasterio.transform
from rasterio.transform import Affine
from shapely.geometry import shape

from . import style

UNIT = "events/km²/period"


@dataclass(frozen=True)
class Surface:
    """A density on a regular grid.

    values : (rows, columns) float32, events/km² per period, NaN where there is no value; row 0 is the northern one.
    transform : (x0, dx, 0, y0, 0, -dy), the upper left corner and the pixel size, in units of *crs*.
    crs : anything pyproj understands. period : what the density is counted over, for instance '28 days'.
    """

    values: np.ndarray
    transform: tuple[float, float, float, float, float, float]
    crs: Any
    period: str

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(left, bottom, right, top) in units of the CRS."""
        rows, columns = self.values.shape
        x0, dx, _, y0, _, dy = self.transform
        return x0, y0 + rows * dy, x0 + columns * dx, y0


def density_breaks(values: np.ndarray, n: int = len(style.DENSITY_COLOURS["light"])) -> list[float]:
    """Lower bounds of *n* rising density classes in round numbers (1, 1.5, 2, 3, 5, 7 times a power of ten).

    The first bound is the least density worth a colour; the last opens the top 1 % of what is above it. The same
    for the map in QGIS, the briefing and the legend. Returns [] where nothing is positive.
    """
    positive = values[np.isfinite(values) & (values > 0)].astype(float)
    if not len(positive):
        return []
    high = float(np.quantile(positive, 0.99))
    low = high / 40
    return [_round_down(low * (high / low) ** (step / (n - 1))) for step in range(n)]


def _round_down(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    step = max(step for step in (1.0, 1.5, 2.0, 3.0, 5.0, 7.0) if step * power <= value or step == 1.0)
    return float(f"{step * power:.6g}")


def study_area(area: Any, bounds: tuple[float, float, float, float], size: tuple[int, int]) -> np.ndarray:
    """(rows, columns) bool: pixels whose centre lies in *area* (shapely), on a grid of *size* over *bounds*."""
    left, bottom, right, top = bounds
    transform = rasterio.transform.from_bounds(left, bottom, right, top, size[1], size[0])
    return rasterio.features.rasterize([(area, 1)], out_shape=size, transform=transform, dtype="uint8").astype(bool)


def polygons_of(
    labels: np.ndarray, transform: tuple[float, float, float, float, float, float], crs: Any, apart: bool = False
) -> gpd.GeoDataFrame:
    """One polygon per label above 0 of a (rows, columns) raster of whole numbers; column `label`, rising.

    With *apart* every connected region is a row of its own. *transform* is that of `Surface`.
    """
    x0, dx, shear_x, y0, shear_y, dy = transform
    found = rasterio.features.shapes(
        labels.astype(np.int32), mask=labels > 0, transform=Affine(dx, shear_x, x0, shear_y, dy, y0)
    )
    rows = [(int(value), shape(outline)) for outline, value in found]
    table = gpd.GeoDataFrame({"label": [n for n, _ in rows]}, geometry=[s for _, s in rows], crs=crs)
    if apart:
        return table.sort_values("label", kind="stable", ignore_index=True)
    return table.dissolve("label").reset_index()[["label", "geometry"]]


def write_surface(path: str | Path, surface: Surface) -> None:
    """Write *surface* as a GeoTIFF and, beside it under the same name, a `.qml` style.

    float32, deflated, tiled, nodata NaN, unit and description on the band. Equal input gives equal bytes.
    Raises ValueError if the values are not a grid.
    """
    path = Path(path)
    values = np.asarray(surface.values, dtype=np.float32)
    if values.ndim != 2 or not values.size:
        raise ValueError(f"a surface has rows and columns, not the shape {values.shape}")
    x0, dx, shear_x, y0, shear_y, dy = surface.transform
    profile = {
        "driver": "GTiff",
        "height": values.shape[0],
        "width": values.shape[1],
        "count": 1,
        "dtype": "float32",
        "nodata": math.nan,
        "crs": _crs_of(surface.crs),
        "transform": Affine(dx, shear_x, x0, shear_y, dy, y0),
        "compress": "deflate",
        "predictor": 3,
        "tiled": True,
        "blockxsize": 256,
        "blockysize": 256,
    }
    with rasterio.open(path, "w", **profile) as target:
        target.write(values, 1)
        target.set_band_description(1, f"density of incidents over {surface.period}")
        target.set_band_unit(1, UNIT)
        target.update_tags(period=surface.period, unit=UNIT)
    path.with_suffix(".qml").write_text(surface_style(values, surface.period), encoding="utf-8", newline="\n")


def _crs_of(crs: Any) -> Any:
    return None if crs is None else rasterio.crs.CRS.from_wkt(crs.to_wkt()) if hasattr(crs, "to_wkt") else crs


def surface_style(values: np.ndarray, period: str) -> str:
    """The QML of a density: the palette's steps between round numbers, clear below the first."""
    breaks = density_breaks(values)
    if not breaks:
        return _QML.format(low=0, high=1, items="", unit=escape(f"件/km²·{period}"))
    colours = style.DENSITY_COLOURS["light"]
    stops = [(0.0, colours[0], 0, "0")]
    stops += [
        (bound, colour, 235 if step else 150, f"{bound:g}")
        for step, (bound, colour) in enumerate(zip(breaks, colours, strict=True))
    ]
    items = "".join(
        f'<item value="{value!r}" color="{colour}" alpha="{alpha}" label="{label}"/>'
        for value, colour, alpha, label in stops
    )
    return _QML.format(low=0, high=repr(breaks[-1]), items=items, unit=escape(f"件/km²·{period}"))


_QML = """<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.22.0" styleCategories="Symbology">
 <pipe>
  <rasterrenderer type="singlebandpseudocolor" band="1" opacity="0.85" alphaBand="-1" classificationMin="{low}" \
classificationMax="{high}" nodataColor="">
   <rasterTransparency/>
   <rastershader>
    <colorrampshader colorRampType="INTERPOLATED" classificationMode="1" clip="0" minimumValue="{low}" \
maximumValue="{high}" labelPrecision="2">
     {items}
     <rampLegendSettings suffix=" {unit}" prefix="" direction="0" orientation="2" useContinuousLegend="0"/>
    </colorrampshader>
   </rastershader>
  </rasterrenderer>
  <brightnesscontrast brightness="0" contrast="0" gamma="1"/>
  <huesaturation colorizeOn="0" saturation="0" grayscaleMode="0"/>
  <rasterresampler zoomedInResampler="bilinear" zoomedOutResampler="bilinear" maxOversampling="2"/>
 </pipe>
 <blendMode>0</blendMode>
</qgis>
"""
