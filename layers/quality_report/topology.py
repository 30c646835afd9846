"""The report's section on the cells: what is wrong with them, on how much ground, where, and what a repair changed."""

from __future__ import annotations

from html import escape
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from ..style import GROUND, LEVELS, RISK_CLASSES
from .drawing import MARGIN, Frame, outlines_of, path_of
from .words import FIXES, say

_LIGHT = GROUND["light"]
_RED, _ORANGE, _YELLOW, _BLUE = (level.light for level in LEVELS)
COLOURS = {
    "E-CELL-001": _RED,
    "E-CELL-002": _RED,
    "E-CELL-003": _RED,
    "E-CELL-004": "#5b6673",
    "E-CELL-005": "#5b4a8a",
    "E-CELL-006": _ORANGE,
    "E-CELL-007": _BLUE,
    "E-CELL-008": "#0f6b5c",
    "E-CELL-009": _YELLOW,
    "E-CELL-010": "#5b6673",
}
"""Rule -> colour of its mark; a mark also bears the rule's number, so that no colour need be told from another."""

_MOST_MARKS, _MOST_CELLS = 300, 2_500
_MARK, _CUT = 8.0, MARGIN + 1.0
"""Drawing units: the radius of a mark; how far in the drawing is cut, so that the edge of the view is no border."""


def topology_section(topology: dict[str, Any], repair: dict[str, Any] | None, drawing: str, lang: str) -> str:
    """The section; *drawing* is `draw_faults`' markup, '' where nothing can be drawn."""
    found = sum(rule["count"] for rule in topology["rules"])
    verdict = "cells_refused" if topology["refused"] else "cells_faults" if found else "cells_clean"
    lead = say(verdict, lang).format(cells=f"{topology['cells']:,}", n=f"{found:,}")
    parts = [f"<h2>{escape(say('cells_title', lang))}</h2><p>{escape(lead)}</p>", drawing, _table(topology, lang)]
    if found:
        note = say("cells_layer", lang).format(file=topology["layer"], n=f"{found:,}")
        parts.append(f'<p class="muted">{escape(note)}</p>')
    if repair is not None:
        parts.append(_repair(repair, lang))
    return f"<section>{''.join(parts)}</section>"


def _table(topology: dict[str, Any], lang: str) -> str:
    """The rules that were broken as a table, those that were not in one line."""
    heads = ("", "rule", "what", "findings", "area", "cell_examples", "fix")
    numbers = {"findings", "area"}
    top = "".join(
        f"<th{' class=n' if head in numbers else ''}>{escape(say(head, lang)) if head else ''}</th>" for head in heads
    )
    rows = "".join(_row(rule, lang) for rule in topology["rules"] if rule["count"])
    table = f"<table><thead><tr>{top}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""
    none = [str(rule["zh" if lang == "zh" else "en"]) for rule in topology["rules"] if not rule["count"]]
    line = escape(say("cells_none_of", lang).format(kinds=say("between", lang).join(none)))
    return table + (f'<p class="muted">{line}</p>' if none else "")


def _row(rule: dict[str, Any], lang: str) -> str:
    fix = FIXES.get(rule["rule"], rule["fix"]) if lang == "zh" else rule["fix"]
    becomes = say("cell_refused" if rule["refused"] else "cell_told", lang)
    told, name = rule["zh" if lang == "zh" else "en"], f"{rule['rule']} {rule['kind']}"
    words = f"{escape(told)}<span class=where>{escape(name)}</span>"
    examples = "<br>".join(f"<code>{escape(ids.replace(';', ', '))}</code>" for ids in rule["examples"][:3] if ids)
    area = f"{rule['area_m2']:,.0f}" if rule["area_m2"] else ""
    return (
        f"<tr><td>{_badge(rule['rule'])}</td><td>{words}</td><td><span class=once>{escape(becomes)}</span></td>"
        f"<td class=n>{rule['count']:,}</td><td class=n>{area}</td><td class=codes>{examples}</td>"
        f"<td>{escape(fix)}</td></tr>"
    )


def _badge(code: str) -> str:
    return f'<svg class="badge" viewBox="0 0 20 20" aria-hidden="true">{_mark(10, 10, code, COLOURS[code])}</svg>'


def _mark(x: float, y: float, code: str, colour: str) -> str:
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_MARK}" fill="{colour}" stroke="#fff" stroke-width="1.4"/>'
        f'<text x="{x:.1f}" y="{y + 3.6:.1f}" text-anchor="middle" class="digit">{int(code[-3:])}</text>'
    )


def draw_faults(cells: gpd.GeoDataFrame, faults: gpd.GeoDataFrame, lang: str) -> str:
    """A map as one `<svg>`: outlines of the units and every fault with a shape, under a mark with its number.

    *faults* is the table of a `TopologyReport`. '' where no fault has a shape.
    """
    faults = faults[~(faults.geometry.isna() | faults.geometry.is_empty)]
    if faults.empty:
        return ""
    faults = faults.to_crs(cells.crs)
    view = _view(cells, faults)
    frame = Frame(*view.bounds)
    units, city = _inside(cells, view)
    width, height = (length - 2 * _CUT for length in frame.size)
    title = escape(say("cells_map", lang))
    parts = [
        f'<svg class="map" viewBox="{_CUT:.0f} {_CUT:.0f} {width:.0f} {height:.0f}" role="img" aria-label="{title}">',
        f"<title>{title}</title>",
        f'<rect x="{_CUT:.0f}" y="{_CUT:.0f}" width="{width:.0f}" height="{height:.0f}" fill="{_LIGHT["page"]}"/>',
        f'<path d="{path_of(units, frame)}" fill="{RISK_CLASSES[0].light}" stroke="#ffffff" stroke-width="1"/>',
        f'<path d="{path_of([city], frame)}" fill="none" stroke="{_LIGHT["muted"]}" stroke-width="1.2"/>',
    ]
    for code in reversed(COLOURS):  # the worst on top
        shapes = faults.geometry[faults["rule"] == code].to_numpy()
        parts += _fault_marks(shapes, code, frame) if len(shapes) else []
    return "".join([*parts, "</svg>"])


def _view(cells: gpd.GeoDataFrame, faults: gpd.GeoDataFrame) -> shapely.Polygon:
    """The ground of the map: all faults with a margin, no less than a fifth of the city, no more than around it."""
    west, south, east, north = cells.total_bounds
    left, bottom, right, top = faults.total_bounds
    least = max(east - west, north - south) / 5
    margin = max(0.15 * max(right - left, top - bottom), 0.5 * (least - max(right - left, top - bottom)))
    rim = 0.2 * least
    return shapely.box(
        *np.maximum((left - margin, bottom - margin), (west - rim, south - rim)),
        *np.minimum((right + margin, top + margin), (east + rim, north + rim)),
    )


def _inside(cells: gpd.GeoDataFrame, view: shapely.Polygon) -> tuple[list[shapely.Geometry], shapely.Geometry]:
    """The finest cells within the view if a small map can show them, else outlines; and the city's; cut to the view."""
    units, city = outlines_of(cells)
    own = cells[(cells["role"] == "territorial") & ~cells["cell_id"].isin(set(cells["parent"]))]
    near = own.geometry.to_numpy()[own.sindex.query(view, predicate="intersects")]
    shown = list(near) if len(near) <= _MOST_CELLS else units
    return list(shapely.intersection(np.array(shown, dtype=object), view)), shapely.intersection(city, view)


def _fault_marks(shapes: np.ndarray, code: str, frame: Frame) -> list[str]:
    """One path of all shapes of a rule, and a numbered mark on each; of very many, an even choice."""
    colour = COLOURS[code]
    shown = shapes[:: max(1, int(np.ceil(len(shapes) / _MOST_MARKS)))]
    outline = path_of(list(shapely.simplify(shown, 1.0 / frame.scale)), frame)
    points = shapely.point_on_surface(shown)
    placed, _ = frame.clamped(np.column_stack([shapely.get_x(points), shapely.get_y(points)]))
    drawn = f'<path d="{outline}" fill="{colour}" fill-opacity="0.35" stroke="{colour}" stroke-width="1.6"/>'
    return [drawn, *(_mark(x, y, code, colour) for x, y in placed)]


def _repair(repair: dict[str, Any], lang: str) -> str:
    facts = {**repair, "moved": f"{repair['moved_m2']:,.1f}", "net": f"{repair['net_m2']:+,.1f}"}
    note = escape(say("repair_note" if repair["cells"] else "repair_none", lang).format(**facts))
    heads = "".join(
        f"<th{' class=n' if head != 'cell' else ''}>{escape(say(head, lang))}</th>"
        for head in ("cell", "before_m2", "after_m2", "change_m2")
    )
    rows = "".join(
        f"<tr><td><code>{escape(row['cell_id'])}</code></td><td class=n>{row['before_m2']:,.1f}</td>"
        f"<td class=n>{row['after_m2']:,.1f}</td><td class=n>{row['change_m2']:+,.1f}</td></tr>"
        for row in repair["changes"]
    )
    table = f'<table class="narrow"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>' if rows else ""
    return f"<h3>{escape(say('repair_title', lang))}</h3><p>{note}</p>{table}"
