"""What may lie beneath the cells of a briefing: layers of the user's own, a picture, or the tiles of one host.

Lines and polygons are carried without their attributes: a name, a type or a number of theirs never enters a page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from ..errors import Notice
from .coordinates import read_crs
from .grids.files import make_valid, read_shapes
from .incidents.rules import notice
from .refusals import refusal
from .sandbox import parse

MERCATOR = "EPSG:3857"
KINDS = ("water", "stream", "major", "line", "edge")
"""Areas of water, watercourses, main roads, other lines, outlines of areas; painted in this order."""

MOST_VERTICES = 150_000
"""Vertices a page may carry for its basemap, which is about 0.8 MB of it; above that, lines are drawn coarser."""

MOST_PNG = 3_000_000
"""Bytes of an embedded picture."""

MARGIN = 0.04
"""Share of the city's longer side that is shown around it."""

_FINEST = 1 / 12_000
"""Tolerance borders are simplified to at first, as a share of the city's longer side."""

_WATER = re.compile(
    r"(?i)(?<![a-z])(water|waters|waterway|river|riverbank|lake|reservoir|stream|canal|wetland)(?![a-z])"
    r"|水系|水域|水体|水面|水库|河流|河道|湖泊|河湖|江河|[水河湖]$"
)
_MAJOR = re.compile(r"(?i)(?<![a-z])(motorway|trunk|primary)(?![a-z])|高速|快速路|主干|国道|省道")
_CLASS_COLUMNS = frozenset(
    "fclass class type kind natural waterway highway landuse water category featurecla "
    "类型 类别 种类 分类 要素类型 等级".split()
)
_TILES = re.compile(
    r"https://([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?)/[A-Za-z0-9._~:/?&=%@!$*+{}-]+"
)
_PLACES = re.compile(r"\{([^{}]*)\}")


_BESIDE = (".pgw", ".pngw", ".wld", ".prj", ".png.aux.xml")
"""What may lie beside a PNG and say where on earth it is."""


@dataclass(frozen=True)
class BasemapFiles:
    """The files a basemap is made of (`file|layer` for one of several), and the system of those that name none."""

    files: tuple[str, ...] = ()
    crs: str | None = None

    def read(self) -> list[str]:
        """Every file that is read, those beside a PNG too."""
        beside = [Path(file).with_suffix(end) for file in self.files for end in _BESIDE if _is_png(file)]
        return [*self.files, *(str(path) for path in beside if path.is_file())]


def _is_png(file: str | Path) -> bool:
    return Path(file).suffix.lower() == ".png"


@dataclass(frozen=True)
class Picture:
    """A picture on Web Mercator: PNG bytes of our own making, and west, south, east, north in metres."""

    png: bytes
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class Basemap:
    """Shapes by kind (Web Mercator metres), a picture, a tile address, and the line that says whose map it is."""

    shapes: dict[str, np.ndarray] = field(default_factory=dict)
    picture: Picture | None = None
    tiles: str = ""
    credit: str = ""

    def __bool__(self) -> bool:
        return bool(self.shapes or self.picture or self.tiles)


def read_basemap(files: Sequence[str | Path], crs: str | None = None, tiles: str = "", credit: str = "") -> Basemap:
    """Everything *files* hold, on Web Mercator: vector layers, and at most one PNG with its world file.

    *crs* is used where a file names none. Raises InputError for what cannot be read or placed, and for a *tiles*
    address that `tile_host` refuses.
    """
    if tiles:
        tile_host(tiles)
    picture: Picture | None = None
    found: dict[str, list[np.ndarray]] = {}
    for file in map(str, files):
        if not any(Path(name).exists() for name in (file, file.split("|")[0])):
            raise refusal("E-FILE-001", where=Path(file).name)
        if _is_png(file):
            if picture is not None:
                raise refusal("E-MAP-006", where=Path(file).name)
            picture = _read_picture(Path(file), crs)
            continue
        for kind, shapes in _read_layer(file, crs).items():
            found.setdefault(kind, []).append(shapes)
    joined = {kind: np.concatenate(found[kind]) for kind in KINDS if kind in found}
    return Basemap(joined, picture, tiles, credit)


def tile_host(url: str) -> str:
    """The one host of a tile address. Raises InputError for anything but a plain https address with {x}, {y}, {z}."""
    found = _TILES.fullmatch(url)
    if len(url) > 500 or found is None or sorted(_PLACES.findall(url)) != ["x", "y", "z"]:
        raise refusal("E-MAP-007", where="tiles")
    if "{" in _PLACES.sub("", url) or "}" in _PLACES.sub("", url) or ".." in found[1]:
        raise refusal("E-MAP-007", where="tiles")
    return found[1].lower()


def _read_picture(file: Path, crs: str | None) -> Picture:
    system = read_crs(crs, where="--basemap-crs").to_wkt() if crs else ""
    parsed = parse("picture", {"crs": system, "most": MOST_PNG}, name=file.name, path=file)
    west, south, east, north = parsed.facts["box"]
    return Picture(parsed.tables[0]["png"][0].as_py(), (west, south, east, north))


def _read_layer(file: str, crs: str | None) -> dict[str, np.ndarray]:
    """The shapes of one layer by kind."""
    table, where = read_shapes(file, crs=crs)
    shapes = np.asarray(table.geometry.to_crs(MERCATOR).values, dtype=object)
    parts, row = shapely.get_parts(shapes, return_index=True)
    dimension = shapely.get_dimensions(parts)
    if not (dimension >= 1).any():
        raise refusal("E-MAP-008", where=where)
    wet = _says(table, file, _WATER)[row]
    major = _says(table, "", _MAJOR)[row]
    areas, lines = dimension == 2, dimension == 1
    kinds = {
        "water": _whole(parts[areas & wet]),
        "stream": parts[lines & wet],
        "major": parts[lines & ~wet & major],
        "line": parts[lines & ~wet & ~major],
        "edge": shapely.get_parts(shapely.boundary(parts[areas & ~wet])),
    }
    return {kind: found for kind, found in kinds.items() if len(found)}


def _whole(areas: np.ndarray) -> np.ndarray:
    """Valid areas, those that overlap joined: the page fills even-odd."""
    return shapely.get_parts(shapely.union_all(make_valid(areas)[0])) if len(areas) else areas


def _says(table: gpd.GeoDataFrame, file: str, words: re.Pattern[str]) -> np.ndarray:
    """(n,) bool: whether the name of the file or layer, or what stands in a column of types, holds one of *words*."""
    stem = Path(file.split("|")[0]).stem
    names = [stem, *file.split("|")[1:]] if file else []
    said = np.full(len(table), any(words.search(name.strip()) for name in names))
    for column in table.columns:
        if str(column).strip().lower() in _CLASS_COLUMNS:
            said |= np.array([isinstance(v, str) and words.search(v.strip()) is not None for v in table[column]])
    return said


def fitted(basemap: Basemap, bounds: tuple[float, float, float, float]) -> tuple[Basemap, list[Notice]]:
    """The part of *basemap* around *bounds* (Web Mercator metres), as coarse as `MOST_VERTICES` asks for.

    Returns what is to be told: that it was thinned, or that nothing of it lies in the city.
    """
    west, south, east, north = bounds
    longer = max(east - west, north - south, 1.0)
    margin = MARGIN * longer
    window = (west - margin, south - margin, east + margin, north + margin)
    clipped = {kind: _clipped(shapes, window) for kind, shapes in basemap.shapes.items()}
    first = tolerance = _FINEST * longer
    drawn = _simpler(clipped, tolerance)
    while (n := _vertices(drawn)) > MOST_VERTICES and tolerance < 0.02 * longer:
        tolerance *= 1.5
        drawn = _simpler(clipped, tolerance)
    told = [notice("N-MAP-001", metres=tolerance, n=n)] if tolerance > first else []
    if basemap.shapes and not drawn:
        told.append(notice("N-MAP-002"))
    return replace(basemap, shapes=drawn), told


def _clipped(shapes: np.ndarray, window: tuple[float, float, float, float]) -> np.ndarray:
    """The parts of *shapes* in the window; lines that meet end to end are one."""
    near = shapes[shapely.intersects(shapes, shapely.box(*window))]
    parts = shapely.get_parts(shapely.clip_by_rect(near, *window))
    dimension = shapely.get_dimensions(parts)
    lines = parts[dimension == 1]
    if len(lines):
        lines = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines)))
    return np.concatenate([parts[dimension == 2], lines])


def _simpler(shapes: dict[str, np.ndarray], tolerance: float) -> dict[str, np.ndarray]:
    """Shapes with fewer vertices (Douglas & Peucker 1973); what is smaller than the tolerance is left out."""
    simpler = {}
    for kind, own in shapes.items():
        large = own[shapely.length(own) >= 4 * tolerance]
        kept = shapely.simplify(large, tolerance, preserve_topology=False)
        kept = shapely.get_parts(kept[~shapely.is_empty(kept)])
        if len(kept):
            simpler[kind] = kept
    return simpler


def _vertices(shapes: dict[str, np.ndarray]) -> int:
    return int(sum(shapely.get_num_coordinates(own).sum() for own in shapes.values()))


def ends_of(shapes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(vertices of all lines and rings (n, 2), number of vertices of each), rings of areas included."""
    areas = shapely.get_dimensions(shapes) == 2
    lines: Any = np.concatenate([shapes[~areas], shapely.get_rings(shapes[areas])])
    return shapely.get_coordinates(lines), shapely.get_num_coordinates(lines)
