"""Tables to one GeoPackage that opens styled in QGIS."""

from .tables import LAYERS, write_results

__all__ = ["LAYERS", "write_results"]
