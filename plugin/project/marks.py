"""Custom properties by which layers and groups of a run are known again, whatever the user calls them."""

from __future__ import annotations

RUN = "gridbeacon/run"
"""The run's folder, on its group and on each of its layers."""
LAYER = "gridbeacon/layer"
"""What the layer shows: `EARLY_WARNINGS`, `RISK` ..."""
RANK = "gridbeacon/rank"
"""The layer's place in its group, from the top."""
SHOWN_CLASS = "gridbeacon/class"
SHOWN_LEVEL = "gridbeacon/level"
"""On the group: the class and the level its evidence shows."""
SWITCH = "gridbeacon_class"
"""Name of the lists of classes and units in the layer tree."""
NAMED = "gridbeacon/named"
"""On the group of the evidence: the name we gave it; another one is the user's."""
