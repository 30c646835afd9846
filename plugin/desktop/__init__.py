"""The dock in a window of its own, for machines without QGIS: `python -m gridbeacon.plugin.desktop`."""
