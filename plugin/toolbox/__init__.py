"""The Processing provider: the steps of the engine as algorithms of QGIS."""
