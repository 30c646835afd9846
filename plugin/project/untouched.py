"""A run's GeoPackage stays as the engine wrote it, byte for byte, though QGIS opens it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from osgeo import gdal

JOURNAL = "OGR_SQLITE_JOURNAL"


@contextmanager
def untouched() -> Iterator[None]:
    """While layers are opened or filtered: QGIS opens a GeoPackage for writing first, to see whether it could, and
    leaves its journal mode in it, unless one is asked for. The manifest's checksum would no longer fit."""
    before = gdal.GetConfigOption(JOURNAL)
    gdal.SetConfigOption(JOURNAL, before or "DELETE")  # not the thread's own: QGIS clears that with every opening
    try:
        yield
    finally:
        gdal.SetConfigOption(JOURNAL, before)
