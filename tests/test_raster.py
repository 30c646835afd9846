"""Surfaces are written as measurements: unit, place and no-data survive, and equal input gives equal bytes."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
import rasterio
from gridbeacon.layers.raster import UNIT, Surface, density_breaks, write_surface

UTM = pyproj.CRS.from_epsg(32650)


def hill(rows=60, columns=80, top=40.0):
    y, x = np.mgrid[0:rows, 0:columns]
    values = top * np.exp(-((y - 20) ** 2 + (x - 50) ** 2) / 200.0)
    values[0, 0] = np.nan
    return Surface(values.astype(np.float32), (500000.0, 100.0, 0.0, 4000000.0, 0.0, -100.0), UTM, "28 days")


def test_a_surface_comes_back_as_it_was(tmp_path):
    surface = hill()
    write_surface(tmp_path / "surface.tif", surface)
    with rasterio.open(tmp_path / "surface.tif") as source:
        np.testing.assert_array_equal(source.read(1), surface.values)
        assert source.dtypes == ("float32",) and np.isnan(source.nodata)
        assert source.crs.to_epsg() == 32650
        assert source.units == (UNIT,) and source.tags()["period"] == "28 days"
        assert source.descriptions == ("density of incidents over 28 days",)
        assert source.compression.name == "deflate"
        assert tuple(source.bounds) == surface.bounds == (500000.0, 3994000.0, 508000.0, 4000000.0)
        assert source.index(505050, 3997950) == (20, 50)


def test_equal_surfaces_give_equal_bytes(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_surface(tmp_path / name / "surface.tif", hill())
    for file in ("surface.tif", "surface.qml"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_breaks_are_round_and_rising():
    breaks = density_breaks(hill().values)
    assert len(breaks) == 6 and breaks == sorted(set(breaks))
    assert all(f"{value:.2g}" == f"{value:g}" for value in breaks)
    assert density_breaks(hill(top=0.0).values) == []
    assert len(set(density_breaks(hill(top=4e-4).values))) == 6


def test_a_city_without_incidents_has_a_surface_too(tmp_path):
    write_surface(tmp_path / "surface.tif", hill(top=0.0))
    assert "<colorrampshader" in (tmp_path / "surface.qml").read_text(encoding="utf-8")


def test_what_is_no_grid_is_refused(tmp_path):
    with pytest.raises(ValueError, match="rows and columns"):
        write_surface(tmp_path / "surface.tif", Surface(np.zeros(3), (0, 1, 0, 0, 0, -1), UTM, "1 day"))
