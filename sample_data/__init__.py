"""The sample city: invented data files, the truth planted in them, and the script that makes both."""

from __future__ import annotations

from pathlib import Path

INCIDENTS = ("incidents_2024.csv.zip", "incidents_2025.csv.zip")
CELLS = "cells.geojson.zip"
RESPONSIBLE = "responsible.csv"
EVENTS = "events.csv"
TRUTH = "truth.json"
CALIBRATION = "calibration.json"
CITY = "云汀市"


def sample_path(name: str) -> Path:
    """Where the sample file *name* lies on this machine; EnvironmentProblem when it was not installed."""
    path = Path(__file__).with_name(name)
    if not path.is_file():
        from ..errors import EnvironmentProblem

        raise EnvironmentProblem(
            f"the sample file {name} is not there",
            where=str(path.parent),
            fix="Install the package again, or make the file with: python sample_data/make_city.py",
        )
    return path
