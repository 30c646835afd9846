"""Make the sample city, byte for byte the same each time: python sample_data/make_city.py [--out FOLDER]."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

if not __package__:  # run as a script: the folder itself is the package
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    __package__ = Path(__file__).resolve().parent.name

from .draws import Draws
from .files import cells_geojson, csv_bytes, responsible_table, write_zip
from .ground import Ground, make_ground
from .plant import DAY, plant
from .rates import day_of
from .rows import RENAMED, export, register, spoil
from .truth import make_truth, to_json

RANDOM_STATE = 20240101


def make_city(out: Path, random_state: int = RANDOM_STATE) -> dict:
    """Write every file of the sample city into *out*; returns the truth that is also written to truth.json."""
    draws = Draws(random_state)
    ground = make_ground(draws)
    planted = plant(ground, draws)
    rows = register(ground, planted.rows, draws)
    table, rows, ids = spoil(export(ground, rows, draws), rows, draws)
    second = rows["reported"] >= day_of("2025-01-01") * DAY
    years = {
        "incidents_2024.csv": table[~second],
        "incidents_2025.csv": table[second].rename(columns=RENAMED),
    }
    truth = make_truth(ground, planted.truth, rows, ids, {name: len(part) for name, part in years.items()})
    _write(out, ground, years, truth)
    return truth


def _write(out: Path, ground: Ground, years: dict[str, pd.DataFrame], truth: dict) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name, part in years.items():
        write_zip(out / f"{name}.zip", name, csv_bytes(part, "gb18030"))
    write_zip(out / "cells.geojson.zip", "cells.geojson", cells_geojson(ground))
    (out / "responsible.csv").write_bytes(csv_bytes(responsible_table(), "utf-8-sig"))
    (out / "truth.json").write_bytes((to_json(truth) + "\n").encode())


def main() -> None:
    """Read the options and write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent, help="folder to write into")
    make_city(parser.parse_args().out)


if __name__ == "__main__":
    main()
