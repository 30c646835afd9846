"""The face in QGIS: the only room with Qt. Standard library and qgis only; the engine is another process."""
