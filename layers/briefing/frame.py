"""The frame of the page: a folium map without data, layers or hosts. The only module that imports folium.

folium and branca compile what they are given as Jinja templates, twice. So they are given nothing from the data: a
map element, its panes and its first view, made of numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import folium
from branca.element import Element, Figure

PANES = {"cells": 350, "marks": 420, "beacons": 620}
"""Panes of the map and their z-index: filled cells, what is outlined over them, numbered beacons."""

MAP_ID = "gridbeacon"


@dataclass(frozen=True)
class Frame:
    """What folium made, as text: for the head, for the body, and the script that starts the map (no tags)."""

    head: str
    body: str
    script: str
    variable: str


def make_frame(bounds: tuple[float, float, float, float]) -> Frame:
    """A folium map centred on *bounds* (west, south, east, north; degrees) with our panes and no tiles.

    It does not fit the bounds: that would start an animation before the page knows how much room it has.
    Every element gets a fixed id in place of folium's random one, so that equal input gives equal bytes.
    """
    west, south, east, north = (round(float(value), 6) for value in bounds)
    page = folium.Map(
        location=[(south + north) / 2, (west + east) / 2],
        tiles=None,
        zoom_start=11,
        zoom_control=False,
        prefer_canvas=True,
        zoom_snap=0.1,
        zoom_delta=0.5,
        box_zoom=False,
    )
    page.default_js, page.default_css = [], []
    for name, z_index in PANES.items():
        folium.map.CustomPane(name, z_index=z_index, pointer_events=name == "beacons").add_to(page)
    _name_elements(page)
    figure = cast(Figure, page.get_root())
    figure.render()
    return Frame(
        head=figure.header.render(), body=figure.html.render(), script=figure.script.render(), variable=page.get_name()
    )


def _name_elements(page: folium.Map) -> None:
    page._id = MAP_ID
    for number, child in enumerate(page._children.values()):
        if isinstance(child, Element):
            child._id = f"{MAP_ID}_{number}"
