"""What lies beneath the cells on the briefing's map: read before the work begins, fitted to the city after it."""

from __future__ import annotations

from dataclasses import replace

from ..layers.basemap import Basemap, BasemapFiles, fitted, read_basemap
from .outcome import Outcome
from .plan import Plan


def open_basemap(files: BasemapFiles | None, plan: Plan) -> Basemap:
    """The basemap a run was given; empty where none was. Raises InputError for what cannot be read or placed."""
    given = files or BasemapFiles()
    return read_basemap(given.files, given.crs, plan.tiles, plan.map_credit)


def lay_beneath(outcome: Outcome, basemap: Basemap) -> Outcome:
    """The outcome with the part of *basemap* that its city shows, and what is to be told of it."""
    if not basemap:
        return outcome
    cells = outcome.cells.table
    west, south, east, north = map(float, cells.to_crs(3857).total_bounds)
    own, told = fitted(basemap, (west, south, east, north))
    facts = {**outcome.facts}
    facts["notices"] = [*facts["notices"], *({"code": n.code, "zh": n.zh, "en": n.en} for n in told)]
    return replace(outcome, basemap=own, facts=facts, notices=(*outcome.notices, *told))
