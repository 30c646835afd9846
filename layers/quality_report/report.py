"""Writing the report: both files, complete or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np

from ..refusals import refusal, trouble
from ..tables import write_table
from .drawing import draw_map
from .page import make_page
from .topology import draw_faults

PAGE, DATA = "quality.html", "quality.json"
LAYER, COPY = "topology.gpkg", "cells_repaired.gpkg"
"""What is wrong with the cells, to be looked at in a GIS; and the repaired copy of them."""


def write_quality_report(
    folder: str | Path,
    findings: dict[str, Any],
    *,
    cells: gpd.GeoDataFrame,
    marks: Mapping[str, np.ndarray],
    faults: gpd.GeoDataFrame | None = None,
    repaired: gpd.GeoDataFrame | None = None,
    lang: str = "zh",
    replace: bool = False,
) -> list[Path]:
    """Write `quality.html` and `quality.json` into *folder*, which is made; and layers of *faults* and *repaired*.

    Parameters
    ----------
    findings : what `check_findings` gives, with `against` where it was compared with the last import.
    cells : the cells' table, metric. marks : `outside` and `duplicate`, (n, 2) x and y in the cells' system; `default`,
        (n, 3) x, y and rows. faults : the table of a `TopologyReport`, for `topology.gpkg`. repaired : the repaired
        copy of the cells, for `cells_repaired.gpkg`. lang : "zh" or "en", of the page; the JSON holds both.

    Raises
    ------
    InputError
        There is a report already and *replace* is False. EnvironmentProblem: disk or permission.
    """
    place = Path(folder)
    paths = [place / PAGE, place / DATA]
    layers = [(place / LAYER, faults, "topology"), (place / COPY, repaired, "cells")]
    if any(path.exists() for path in paths) and not replace:
        raise refusal("E-OUT-009", where=place.name)
    where = draw_faults(cells, faults, lang) if faults is not None else ""
    texts = [
        make_page(findings, draw_map(cells, marks, lang), lang, where),
        json.dumps(findings, ensure_ascii=False, indent=1) + "\n",
    ]
    try:
        place.mkdir(parents=True, exist_ok=True)
        written = [path for path, table, name in layers if _written(path, table, name)]
        for path, text in zip(paths, texts, strict=True):
            beside = path.with_name(path.name + ".partial")
            beside.write_text(text, encoding="utf-8", newline="\n")
            beside.replace(path)
    except OSError as error:
        raise trouble("E-OUT-010", where=place.name) from error
    return [*paths, *written]


def _written(path: Path, table: gpd.GeoDataFrame | None, name: str) -> bool:
    """Write the layer, or take away what an earlier report left of it: the folder is of one report."""
    if table is None:
        path.unlink(missing_ok=True)
        return False
    write_table(path, table, name, replace=True)
    return True
