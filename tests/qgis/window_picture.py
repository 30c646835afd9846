"""QGIS with the sample city run from the dock, as a picture of the documentation.

python tests/qgis/window_picture.py PICTURE.png [--locale zh-Hans] [--tab form]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from desktop import ROOT, drive, make_small, own_profile


def main() -> None:
    """Take the picture, at most 300 kB."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--locale", default="en_US")
    parser.add_argument("--tab", choices=["warnings", "form"], default="warnings")
    options = parser.parse_args()
    with own_profile(options.locale) as folder:
        sample = ROOT / "sample_data"
        wish = {
            "name": "gridbeacon",
            "size": (1600, 1000),
            "widths": (270, 470),
            "incidents": [str(sample / f"incidents_{year}.csv.zip") for year in (2024, 2025)],
            "cells": str(sample / "cells.geojson.zip"),
            "files": {name: str(sample / file) for name, file in FILES.items()},
            "tab": options.tab,
        }
        environment = {**os.environ, "GRIDBEACON_ENGINE_PYTHON": sys.executable, "HOME": str(folder)}
        told = drive(folder / "profiles", folder / "work", wish, environment, options.picture, "window_startup.py")
    make_small(options.picture, 220)
    print(json.dumps(told, ensure_ascii=False, indent=1))


FILES = {"responsible": "responsible.csv", "events": "events.csv", "calibration": "calibration.json"}

if __name__ == "__main__":
    main()
