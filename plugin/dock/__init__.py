"""The dock: form and table over any host. Qt only; it knows QGIS no more than it knows the engine's insides."""
