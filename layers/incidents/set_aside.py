"""The rows that are not used, told apart: the quarantine, the duplicates, and where they lie. No value is quoted."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from ..points import make_points
from .rows import CODES, Part
from .rules import DUPLICATES, RULES


def quarantine_of(parts: list[Part], rows: pd.DataFrame) -> pd.DataFrame:
    """The quarantine: the *rows* that broke a rule, and those that could not be split."""
    unsplit = [(number, row, rule) for number, part in enumerate(parts) for row, rule in part.rejected]
    judged = pd.DataFrame(
        {
            "part": rows["part"].to_numpy(),
            "source_row": rows["source_row"].to_numpy(),
            "rule": np.array(CODES, object)[rows["verdict"].to_numpy()],
        }
    )
    every = pd.concat([judged, pd.DataFrame(unsplit, columns=["part", "source_row", "rule"])], ignore_index=True)
    every = every.sort_values(["part", "source_row"], kind="stable", ignore_index=True)
    files = np.array([part.source.name for part in parts], object)
    return pd.DataFrame(
        {
            "source_file": files[every["part"].to_numpy(np.int64)],
            "source_row": every["source_row"].astype("int64"),
            "rule": every["rule"],
            "reason": every["rule"].map({code: rule.zh for code, rule in RULES.items()}),
            "reason_en": every["rule"].map({code: rule.en for code, rule in RULES.items()}),
        }
    )


def duplicates_of(frame: pd.DataFrame, dropped: pd.DataFrame) -> pd.DataFrame:
    """Every dropped row of *frame*, with the row that was kept."""
    gone, kept = frame.loc[dropped.index], frame.loc[dropped["kept"]]
    codes = np.where(dropped["same_id"].to_numpy(bool), "D-DUP-001", "D-DUP-002")
    return pd.DataFrame(
        {
            "source_file": gone["source_file"].to_numpy(),
            "source_row": gone["source_row"].to_numpy(),
            "kept_file": kept["source_file"].to_numpy(),
            "kept_row": kept["source_row"].to_numpy(),
            "rule": codes.astype(object),
            "reason": [DUPLICATES[code].zh for code in codes],
            "reason_en": [DUPLICATES[code].en for code in codes],
        }
    )


def set_aside_of(frame: pd.DataFrame, dropped: pd.DataFrame, crs: Any) -> gpd.GeoDataFrame:
    """Where the rows lie that broke a rule, though none of coordinates, and the duplicates that were dropped."""
    codes = np.array(CODES, object)[frame["verdict"].to_numpy()]
    codes[dropped.index] = np.where(dropped["same_id"].to_numpy(bool), "D-DUP-001", "D-DUP-002")
    drawn = np.array([bool(code) and not code.startswith(("E-COORD", "P-")) for code in CODES], bool)
    shown = drawn[frame["verdict"].to_numpy()]
    shown[dropped.index] = True
    shown &= np.isfinite(frame["x"].to_numpy(float)) & np.isfinite(frame["y"].to_numpy(float))
    rows = frame[shown]
    words = {
        name: rows[name].astype(str).astype(object).to_numpy() for name in ("incident_id", "category", "source_file")
    }
    facts = {"time": rows["time"].to_numpy(), "source_row": rows["source_row"].to_numpy(), "rule": codes[shown]}
    return gpd.GeoDataFrame(
        {**words, **facts}, geometry=make_points(rows["x"].to_numpy(), rows["y"].to_numpy()), crs=crs
    )
