"""What a run found, as tables. Files are written from these and from nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from ..errors import Notice
from ..layers.basemap import Basemap
from ..layers.briefing.history import History
from ..layers.grids import CellLayer
from ..layers.raster import Surface
from .plan import Plan


@dataclass(frozen=True)
class Outcome:
    """A finished run. The tables are those of docs/architecture.md, section "Contracts".

    `facts` is what every output says about the run as a whole (JSON-able); `manifest` and `out` are set once files
    were written. `duplicates` names every row counted as a duplicate and the row kept; `class_policy` the policy in
    force and what it changes. `repaired` is the repaired copy of the cells' file, where one was wanted;
    `history` what the briefing plays. `grouped` is everything the warnings stand for (`explanation.GROUPED_COLUMNS`),
    `explanations` why each of them was given, by its id, JSON-able. `basemap` lies beneath the
    cells of the briefing. `further` holds the layers of `results.gpkg` that are for the house alone, by name.
    """

    plan: Plan
    account: dict[str, int]
    quarantine: pd.DataFrame
    cells: CellLayer
    risk: pd.DataFrame
    hotspots: pd.DataFrame
    early_warnings: pd.DataFrame
    members: pd.DataFrame
    series: pd.DataFrame
    surface: Surface | None
    facts: dict[str, Any]
    notices: tuple[Notice, ...] = ()
    statuses: dict[str, str] = field(default_factory=dict)
    duplicates: pd.DataFrame = field(default_factory=pd.DataFrame)
    class_policy: dict[str, Any] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)
    out: Path | None = None
    repaired: gpd.GeoDataFrame | None = None
    history: History | None = None
    grouped: pd.DataFrame = field(default_factory=pd.DataFrame)
    explanations: dict[str, Any] = field(default_factory=dict)
    basemap: Basemap | None = None
    further: dict[str, pd.DataFrame] = field(default_factory=dict)
