"""One table -> one file: GeoPackage, GeoJSON or CSV by the file's ending; complete or absent."""

from __future__ import annotations

import secrets
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio

from .refusals import refusal
from .spreadsheets import write_csv

ENDINGS = ("gpkg", "geojson", "csv")


def check_table_path(path: str | Path, replace: bool = False) -> Path:
    """*path*, held against what can be written there before any work is done.

    Raises InputError for an ending that is not known, a folder that is not there, or a file that exists already.
    """
    path = Path(path)
    if path.suffix.lower().lstrip(".") not in ENDINGS:
        raise refusal("E-OUT-006", where=path.name, endings=f".{', .'.join(ENDINGS)}")
    if not path.parent.is_dir():
        raise refusal("E-OUT-007", where=str(path.parent))
    if path.exists() and not replace:
        raise refusal("E-OUT-008", where=str(path))
    return path


def write_table(path: str | Path, table: pd.DataFrame, name: str, replace: bool = False) -> None:
    """Write *table*, with or without geometry, as the layer *name*.

    CSV carries no geometry; GeoJSON is in longitude and latitude.

    Raises InputError as `check_table_path` does. A failure leaves nothing behind.
    """
    path = check_table_path(path, replace)
    partial = path.with_name(f".{path.stem}-{secrets.token_hex(4)}{path.suffix}")
    try:
        _write(partial, table, name)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _write(path: Path, table: pd.DataFrame, name: str) -> None:
    ending = path.suffix.lower()
    if ending == ".csv":
        write_csv(path, pd.DataFrame(table))  # without the geometry
    elif not isinstance(table, gpd.GeoDataFrame):
        driver = "GeoJSON" if ending == ".geojson" else "GPKG"
        version = {"dataset_options": {"VERSION": "1.2"}} if driver == "GPKG" else {}  # older QGIS warns of 1.4
        pyogrio.write_dataframe(table, path, layer=name, driver=driver, **version)
    elif ending == ".geojson":
        table.to_crs(4326).to_file(path, driver="GeoJSON", engine="pyogrio", layer=name, RFC7946=True)
    else:
        table.to_file(path, driver="GPKG", engine="pyogrio", layer=name, dataset_options={"VERSION": "1.2"})
