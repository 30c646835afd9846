"""Tables -> the plain values the page shows. Text stays text: nothing here makes HTML."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from ...cube import ALL_CLASSES, ROOT_CELL
from .. import style
from ..refusals import refusal
from . import shapes

LABELLED = 400
"""Up to this many units of a level get a label point found with care; others take any inner point."""

SHOWN_BEYOND = 200
"""Warnings beyond the budget that the page lists; the number of all of them always stands."""

FACTS = (
    "title city run_id as_of window_days window_start bin timezone classification plan_version version account notices "
    "expected_false tests units classes cut budget yesterday completeness nearest smallest_rise smallest_rise_en "
    "outage_bins level_names street_level charts public last_list urgent_record reporting"
).split()
"""The facts that may enter a page; others stay outside."""

WARNING_TEXT = (
    "warning_id level category reason reason_en responsible sources places closed change phase state caveats models "
    "deadline caveats_en merged_into"
).split()
WARNING_NUMBERS = "rank observed expected ratio recurrence_days incidents closed_count source_count times_seen".split()
WARNING_TIMES = ("window_start", "window_end", "first_seen")


def make_content(
    *,
    facts: Mapping[str, Any],
    cells: gpd.GeoDataFrame,
    risk: pd.DataFrame,
    hotspots: pd.DataFrame,
    early_warnings: pd.DataFrame,
    series: pd.DataFrame,
    levels: tuple[style.Level, ...],
    lang: str,
) -> tuple[dict[str, Any], shapes.Lattice]:
    """Everything but the surface as JSON values, and the lattice all coordinates stand on.

    Tables are those of DESIGN §3; *cells* is in a metric CRS. Raises InputError where *cells* has no CRS or no rows.
    """
    if cells.crs is None or not len(cells):
        raise refusal("E-OUT-011", where="cells")
    cells = cells.sort_values(["role", "unit_level"], kind="stable", ignore_index=True)
    mercator = project(cells)
    lattice = shapes.Lattice.over(shapely.total_bounds(mercator))
    row_of = {str(cell_id): row for row, cell_id in enumerate(cells["cell_id"])}
    onto = Transformer.from_crs(cells.crs, shapes.MERCATOR, always_xy=True)
    content = {
        "lang": lang,
        "palette": style.palette(levels),
        "facts": plain({name: facts[name] for name in FACTS if name in facts} | _against_last_year(facts)),
        "lattice": {"x0": lattice.x0, "y0": lattice.y0, "unit": lattice.unit, "w": lattice.width, "h": lattice.height},
        "layers": _layers(cells, mercator, lattice, row_of, risk, hotspots),
        "warnings": _warnings(early_warnings, row_of, onto, lattice),
        "series": _series(series),
        "default_points": _default_points(facts.get("default_points") or [], onto, lattice),
    }
    return content, lattice


def project(cells: gpd.GeoDataFrame) -> np.ndarray:
    """The polygons of every level in Web Mercator, without hair-thin holes; (n,) array in the order of *cells*."""
    polygons = np.asarray(cells.geometry.values, dtype=object).copy()
    for _, rows in cells.groupby(["role", "unit_level"], sort=False).indices.items():
        polygons[rows] = shapes.without_slivers(polygons[rows])
    projected = gpd.GeoSeries(polygons, crs=cells.crs).to_crs(shapes.MERCATOR)
    return np.asarray(projected.values, dtype=object)


def plain(value: Any) -> Any:
    """Numbers, text, lists and objects that JSON can hold; NaN, NaT and infinities become None."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(entry) for entry in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if value is None or value is pd.NaT or isinstance(value, str):
        return value if isinstance(value, str) else None
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return _rounded(float(value))
    return str(value)


def _rounded(value: float, digits: int = 4) -> float | int | None:
    """*value* to four significant digits below the point; whole numbers as int, so that bytes do not wander."""
    if not math.isfinite(value):
        return None
    short = round(value, digits)
    return int(short) if short == int(short) else short


def _stamp(value: Any) -> str | None:
    """A local time as 'YYYY-MM-DDTHH:MM', None where missing."""
    moment = pd.Timestamp(value) if value is not None else pd.NaT
    return None if moment is pd.NaT else moment.strftime("%Y-%m-%dT%H:%M")


def _against_last_year(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The whole city against last year, or against the period before where there is no earlier year."""
    city = (facts.get("year_on_year") or {}).get("city") or {}
    ranked = sorted(city.values(), key=lambda told: (told["verdict"] == "not comparable", told["kind"] != "last_year"))
    found = ranked[0] if ranked else None
    return {"against": found} if found and found["verdict"] != "not comparable" else {}


def _layers(
    cells: gpd.GeoDataFrame,
    mercator: np.ndarray,
    lattice: shapes.Lattice,
    row_of: dict[str, int],
    risk: pd.DataFrame,
    hotspots: pd.DataFrame,
) -> list[dict[str, Any]]:
    """One entry per role and level, coarsest first: names, borders, and the classes drawn."""
    parents = np.array([row_of.get(str(parent), -1) for parent in cells["parent"]], dtype=np.int64)
    areas = shapely.area(np.asarray(cells.geometry.values, dtype=object))
    risks, clusters = (_one_per_cell(t, w, cells["cell_id"]) for t, w in ((risk, "risk"), (hotspots, "gi_star")))
    layers = []
    for (role, unit_level), rows in cells.groupby(["role", "unit_level"], sort=False).indices.items():
        part = cells.iloc[rows]
        layers.append(
            {
                "role": str(role),
                "level": int(unit_level),
                "row": int(rows[0]),
                "side": _side(areas[rows]),
                "ids": [str(value) for value in part["cell_id"]],
                "names": [str(value) for value in part["name"]],
                "parents": shapes.varints(parents[rows] + 1),
                "labels": _labels(mercator[rows], lattice),
                "shape": shapes.encode(mercator[rows], lattice),
                "risk": _risk_of(risks.iloc[rows]),
                "hot": _hotspots_of(clusters.iloc[rows]),
                "emerging": _patterns_of(clusters.iloc[rows]),
            }
        )
    return layers


def _side(areas: np.ndarray) -> int:
    """Side of a square as large as the median unit, in whole metres."""
    return max(round(float(np.sqrt(np.median(areas)))), 1)


def _labels(polygons: np.ndarray, lattice: shapes.Lattice) -> str:
    """Label points as steps from the middle of each polygon's box, packed: nought for most of a fine level."""
    west, south, east, north = shapely.bounds(polygons).T
    corners = (lattice.place(np.column_stack(pair)) for pair in ((west, north), (east, south)))
    middle = sum(corners) >> 1
    return shapes.packed((lattice.place(_label_points(polygons)) - middle).T.ravel())


def _label_points(polygons: np.ndarray) -> np.ndarray:
    """(n, 2) a point inside each polygon: well inside where there are few, else the middle of its box if that is."""
    if len(polygons) <= LABELLED:
        tolerance = np.sqrt(np.maximum(shapely.area(polygons), 1.0)) / 20
        points = shapely.get_point(shapely.maximum_inscribed_circle(polygons, tolerance), 0)
    else:
        west, south, east, north = shapely.bounds(polygons).T
        middle = shapely.points((west + east) / 2, (south + north) / 2)
        points = np.where(shapely.contains(polygons, middle), middle, shapely.point_on_surface(polygons))
    return np.column_stack([shapely.get_x(points), shapely.get_y(points)])


def _one_per_cell(table: pd.DataFrame, worst: str, cell_ids: pd.Series) -> pd.DataFrame:
    """One row per unit, in the order of *cell_ids*; the column `known` is False for a unit the table does not name.

    The row is that of all classes together where there is one, else the one with the largest *worst*.
    """
    whole = table[table["category"] == ALL_CLASSES]
    picked = whole if len(whole) else table.sort_values(worst, ascending=False, kind="stable")
    unique = picked.drop_duplicates("cell_id")
    place = pd.Index(unique["cell_id"].astype(object)).get_indexer(cell_ids.astype(object))
    found = unique.reset_index(drop=True).reindex(place)  # -1 is no row: it comes out empty
    return found.assign(known=place >= 0).reset_index(drop=True)


def _risk_of(part: pd.DataFrame) -> dict[str, list[Any]] | None:
    """Class number per unit (-1 no data), incidents and expected; None where the level has no rows."""
    if not part["known"].any():
        return None
    names = [entry.name for entry in style.RISK_CLASSES]
    silent = (~part["known"] | (part["status"] == "no data") | part["risk"].isna()).to_numpy(bool)
    classes = [
        -1 if dark else names.index(style.risk_class_of(value).name)
        for value, dark in zip(part["risk"].astype(float), silent, strict=True)
    ]
    return {
        "k": classes,
        "n": [plain(float(value)) for value in part["incidents"]],
        "e": [None if math.isnan(value) else _rounded(float(value), 1) for value in part["expected"].astype(float)],
    }


def _hotspots_of(part: pd.DataFrame) -> dict[str, list[Any]] | None:
    """Class number per unit (-1 no data) and incidents; None where the level has no rows."""
    if not part["known"].any():
        return None
    names = [entry.name for entry in style.HOTSPOT_CLASSES]
    silent = (~part["known"] | (part["status"] == "no data")).to_numpy(bool)
    known = part["hotspot_class"].fillna("").map(lambda value: names.index(style.hotspot_class_of(str(value)).name))
    return {
        "k": [-1 if dark else int(value) for value, dark in zip(known, silent, strict=True)],
        "n": [plain(float(value)) for value in part["incidents"]],
    }


def _patterns_of(part: pd.DataFrame) -> dict[str, list[Any]] | None:
    """Class number of the pattern per unit and its incidents; None where no unit of the level has any."""
    if "pattern" not in part or not part["pattern"].fillna("").astype(str).str.len().any():
        return None
    names = [entry.name for entry in style.EMERGING_CLASSES]
    known = part["pattern"].fillna("").map(lambda value: names.index(style.emerging_class_of(str(value)).name))
    return {"k": known.tolist(), "n": [plain(float(value)) for value in part["incidents"]]}


def _warnings(
    table: pd.DataFrame, row_of: dict[str, int], onto: Transformer, lattice: shapes.Lattice
) -> dict[str, Any]:
    """Warnings within the budget in rank order, those beyond it, and those that ended today."""
    ordered = table.sort_values("rank", kind="stable") if len(table) else table
    entries = [_warning(row, row_of, onto, lattice) for row in ordered.to_dict("records")]
    live = [entry for entry in entries if entry["phase"] not in style.OVER_PHASES]
    beyond = [entry for entry in live if not entry["within_budget"]]
    return {
        "inside": [entry for entry in live if entry["within_budget"]],
        "beyond": beyond[:SHOWN_BEYOND],
        "n_beyond": len(beyond),
        "ended": [entry for entry in entries if entry["phase"] in style.OVER_PHASES][:SHOWN_BEYOND],
    }


def _warning(
    row: Mapping[str, Any], row_of: dict[str, int], onto: Transformer, lattice: shapes.Lattice
) -> dict[str, Any]:
    entry: dict[str, Any] = {name: _text(row.get(name)) for name in WARNING_TEXT}
    entry |= {name: plain(row.get(name)) for name in WARNING_NUMBERS}
    entry |= {name: _stamp(row.get(name)) for name in WARNING_TIMES}
    cell_id = str(row.get("cell_id"))
    place_ids = [part for part in _text(row.get("place_ids")).split(";") if part in row_of]
    entry |= {
        "within_budget": bool(row.get("within_budget", True)),
        "name": _text(row.get("cell_name")),
        "unit": row_of.get(cell_id, -1),
        "city": cell_id == ROOT_CELL,
        "place_units": [row_of[part] for part in place_ids],
        "at": _at(row.get("x"), row.get("y"), onto, lattice),
    }
    return entry


def _text(value: Any) -> str:
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else str(value)


def _at(x: Any, y: Any, onto: Transformer, lattice: shapes.Lattice) -> list[int] | None:
    """A point of the working CRS on the lattice; None where there is none."""
    if x is None or y is None or not (math.isfinite(float(x)) and math.isfinite(float(y))):
        return None
    placed = lattice.place(np.array([onto.transform(float(x), float(y))]))[0]
    return [int(value) for value in placed]


def _series(table: pd.DataFrame) -> dict[str, dict[str, list[Any]]]:
    """Per warning id ('' the whole city): times, observed, expected, upper, valid."""
    result: dict[str, dict[str, list[Any]]] = {}
    if not len(table):
        return result
    for name, part in table.groupby("warning_id", sort=True):
        part = part.sort_values("time", kind="stable")
        result[str(name)] = {
            "t": [_stamp(value) for value in part["time"]],
            "o": [plain(float(value)) for value in part["observed"]],
            "e": [plain(round(float(value), 2)) for value in part["expected"]],
            "u": [plain(round(float(value), 2)) for value in part["upper"]],
            "v": [bool(value) for value in part["valid"]],
        }
    return result


def _default_points(
    points: list[Mapping[str, Any]], onto: Transformer, lattice: shapes.Lattice
) -> list[dict[str, Any]]:
    return [{"at": _at(p["x"], p["y"], onto, lattice), "rows": int(p.get("rows", 0))} for p in points]
