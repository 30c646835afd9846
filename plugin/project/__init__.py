"""A finished run in a QGIS project: its layers, what they show, their time, their origin, a page for each warning."""
