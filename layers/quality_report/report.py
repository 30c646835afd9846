"""Writing the report: both files, complete or not at all."""

from __future__ import annotations

import json
import tempfile
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
    check_report_place(place, replace)
    where = draw_faults(cells, faults, lang) if faults is not None else ""
    texts = {
        PAGE: make_page(findings, draw_map(cells, marks, lang), lang, where),
        DATA: json.dumps(findings, ensure_ascii=False, indent=1) + "\n",
    }
    layers = {LAYER: (faults, "topology"), COPY: (repaired, "cells")}
    try:
        return _put(place, texts, {name: of for name, of in layers.items() if of[0] is not None})
    except OSError as error:
        raise trouble("E-OUT-010", where=place.name) from error


def check_report_place(folder: str | Path, replace: bool) -> None:
    """Raise InputError if *folder* holds a report that may not be replaced."""
    place = Path(folder)
    if not replace and any((place / name).exists() for name in (PAGE, DATA)):
        raise refusal("E-OUT-009", where=place.name)


def _put(place: Path, texts: Mapping[str, str], layers: Mapping[str, tuple[Any, str]]) -> list[Path]:
    """Write all files beside *place* and move them there when they are complete; nothing is left of a failure."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{place.name}-", suffix=".part", dir=place.parent) as beside:
        for name, (table, layer) in layers.items():
            write_table(Path(beside) / name, table, layer)
        for name, text in texts.items():
            (Path(beside) / name).write_text(text, encoding="utf-8", newline="\n")
        place.mkdir(exist_ok=True)
        for name in {LAYER, COPY} - set(layers):  # the folder is of one report
            (place / name).unlink(missing_ok=True)
        for name in (*layers, *texts):
            (Path(beside) / name).replace(place / name)
    return [place / name for name in (*texts, *layers)]
