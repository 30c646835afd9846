"""The dialog of Getis-Ord and the toolbox in the real QGIS desktop, as a picture, after a run over the sample city.

python tests/qgis/toolbox_picture.py PICTURE.png [--locale en_US]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import zipfile
from pathlib import Path

from desktop import ROOT, drive, make_small, own_profile

WORDS = {"zh": ("网格", "工单", ["热点", "现成模型"]), "en": ("Cells", "Calls", ["Hot spots", "Ready models"])}
"""Language -> names of the layers, groups of the toolbox that stand open."""


def main() -> None:
    """Take the picture of the documentation, at most 300 kB."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--locale", default="zh-Hans")
    parser.add_argument("--log", type=Path, help="another picture: the dialog's log after the run")
    options = parser.parse_args()
    with own_profile(options.locale) as folder:
        environment = {**os.environ, "GRIDBEACON_ENGINE_PYTHON": sys.executable}
        wish = _wish(folder, options.locale[:2])
        told = drive(folder / "profiles", folder / "work", wish, environment, options.picture, "toolbox_startup.py")
        if options.log:
            shutil.copy(folder / "work" / "log.png", options.log)
    make_small(options.picture, 160)
    print(json.dumps(told, ensure_ascii=False, indent=1))


def _wish(folder: Path, language: str) -> dict[str, object]:
    """The sample city's cells and its second year as layers; Getis-Ord over them."""
    with zipfile.ZipFile(ROOT / "sample_data" / "cells.geojson.zip") as archive:
        archive.extractall(folder)
    with zipfile.ZipFile(ROOT / "sample_data" / "incidents_2025.csv.zip") as archive:
        text = archive.read(archive.namelist()[0]).decode("gb18030")
    calls = folder / "calls.csv"
    calls.write_text(text, encoding="utf-8")
    cells_name, calls_name, groups = WORDS[language]
    places = {"CELLS": str(folder / "cells.geojson"), "INCIDENTS": str(calls)}
    return {
        "algorithm": "gridbeacon:getis_ord",
        "open": groups,
        "layers": [[places["CELLS"], cells_name], [places["INCIDENTS"], calls_name]],
        "parameters": {**places, "AS_OF": "2026-01-01"},
    }


if __name__ == "__main__":
    main()
