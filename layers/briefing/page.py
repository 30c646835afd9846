"""One offline HTML file: folium's frame, vendored Leaflet, our own scripts, and data that are only ever text."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
from pyproj import Transformer

from .. import style
from ..basemap import Basemap, tile_host
from ..raster import Surface
from ..refusals import trouble
from .content import make_content, plain
from .density import make_density
from .explained import make_explained
from .frame import PANES, make_frame
from .ground import make_ground
from .history import History, make_history
from .shapes import MERCATOR, Lattice

ASSETS = Path(__file__).parent.parent / "assets"
VENDORED_SCRIPTS = ("leaflet.js",)
OWN_SCRIPTS = tuple(
    f"briefing{part}.js"
    for part in (
        "-words",
        "-shapes",
        "-map",
        "-beacons",
        "-charts",
        "-time",
        "-statistics",
        "-filter",
        "-swipe",
        "-panels",
        "-why",
        "-print",
        "",
    )
)
GROUND_SCRIPT, GROUND_STYLE = "briefing-ground.js", "briefing-ground.css"
"""Come in with a basemap only, just before the script that starts the page."""

STYLES = ("leaflet.css", "briefing.css", "briefing-why.css")
NAMED_URLS = frozenset({"http://www.w3.org/2000/svg", "https://leafletjs.com"})
"""Addresses that stand in the scripts as names (an XML namespace, a project's home) and are never requested."""

PACK_ABOVE = 2_000_000
"""Characters of data above which they are packed: a browser unpacks faster than it reads a larger file."""

_JSON_ESCAPES = {ord(mark): f"\\u{ord(mark):04x}" for mark in "<>&\u2028\u2029"}


def write_briefing(
    path: str | Path,
    *,
    facts: Mapping[str, Any],
    cells: gpd.GeoDataFrame,
    risk: pd.DataFrame,
    hotspots: pd.DataFrame,
    surface: Surface | None,
    early_warnings: pd.DataFrame,
    series: pd.DataFrame,
    history: History | None = None,
    explanations: Mapping[str, Mapping[str, Any]] | None = None,
    grouped: pd.DataFrame | None = None,
    levels: tuple[style.Level, ...] | None = None,
    lang: str = "zh",
    basemap: Basemap | None = None,
) -> None:
    """Write the briefing of one run to *path*: one HTML file that needs no network and no other file.

    *cells* has one row per unit at every level in a metric CRS; *surface* is in events/km²/period, None where there
    is none; *history* is what the map plays through time, None for no such state; *explanations* and *grouped* say why
    each warning was given and what it stands for (None: the page says less); *levels* are the words and colours
    of warnings, most urgent first (default: `style.LEVELS`); *lang* is the language the page opens in, `zh` or `en`;
    *basemap* lies beneath the cells. Only with its `tiles` does the page ask for anything, and of that one host alone.
    Equal input gives equal bytes.

    Raises InputError where *cells* cannot be placed, EnvironmentProblem where a vendored asset is damaged or a
    library smuggled an address into the page.
    """
    content, lattice = make_content(
        facts=facts,
        cells=cells,
        risk=risk,
        hotspots=hotspots,
        early_warnings=early_warnings,
        series=series,
        levels=levels or style.LEVELS,
        lang=lang,
    )
    content["density"] = make_density(surface, lattice) if surface is not None else None
    content["explained"] = plain(make_explained(explanations, grouped, content["warnings"]))
    if history is not None:
        content["history"] = make_history(history, _finest(content["layers"]))
    if basemap:
        content["ground"] = make_ground(basemap, lattice)
    frame = make_frame(degrees(lattice))
    content["map"], content["panes"] = frame.variable, list(PANES)
    Path(path).write_bytes(assemble(frame.body, frame.script, content).encode("utf-8"))


def _finest(layers: list[dict[str, Any]]) -> list[str]:
    """The ids of the finest territorial level, in the page's order."""
    return next((layer["ids"] for layer in reversed(layers) if layer["role"] == "territorial"), [])


def embed_json(value: Any) -> str:
    """*value* as JSON that can stand inside a script element: no markup, no line separators, no lone surrogates."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(_JSON_ESCAPES)
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)


def degrees(lattice: Lattice) -> tuple[float, float, float, float]:
    """The lattice's west, south, east and north in degrees."""
    back = Transformer.from_crs(MERCATOR, "EPSG:4326", always_xy=True)
    south = lattice.y0 - lattice.unit * lattice.height
    east = lattice.x0 + lattice.unit * lattice.width
    return (*back.transform(lattice.x0, south), *back.transform(east, lattice.y0))


def assemble(body: str, frame_script: str, content: Mapping[str, Any]) -> str:
    """The page. Our own text is checked for addresses and hashed for the policy; the data come in last, unread."""
    names, sheets, host = OWN_SCRIPTS, STYLES, ""
    if content.get("ground"):
        names, sheets = (*OWN_SCRIPTS[:-1], GROUND_SCRIPT, OWN_SCRIPTS[-1]), (*STYLES, GROUND_STYLE)
        host = tile_host(content["ground"]["tiles"]) if content["ground"].get("tiles") else ""
    scripts = [*map(_asset, VENDORED_SCRIPTS), frame_script, *map(_asset, names)]
    styles = [_offline_css(_asset(name)) for name in sheets]
    scripts = [re.sub(r"(?m)^//# sourceMappingURL=.*$", "", text) for text in scripts]
    before, between, after = re.split("<!--map-->|<!--scripts-->", _asset("briefing.html"))
    head, rest = before.split("<!--head-->")
    blocks = "".join(f"<style>{text}</style>\n" for text in styles)
    ours = f"{blocks}{rest}{body.strip()}{between}"
    tail = "".join(f"<script>{text}</script>\n" for text in scripts)
    _refuse_addresses(head + ours + tail + after)
    licence = f"<!--\n{_asset('LICENSE').strip()}\n-->\n"
    return f"{head}{_policy(scripts, styles, host)}\n{ours}{_data(content)}{licence}{tail}{after}"


def _data(content: Mapping[str, Any]) -> str:
    """The element that holds the data, as JSON or as packed JSON."""
    text = embed_json(content)
    if len(text) <= PACK_ABOVE:
        return f'<script type="application/json" id="data">{text}</script>\n'
    packed = base64.b64encode(gzip.compress(text.encode("utf-8"), mtime=0)).decode("ascii")
    return f'<script type="application/gzip" id="data">{packed}</script>\n'


def _policy(scripts: list[str], styles: list[str], host: str = "") -> str:
    """Content-Security-Policy: nothing but these very scripts and styles, and pictures of *host* where there is one."""
    pictures = f"data: https://{host}" if host else "data:"
    rules = f"default-src 'none'; script-src {_hashes(scripts)}; style-src {_hashes(styles)}; img-src {pictures}"
    return f"<meta http-equiv=\"Content-Security-Policy\" content=\"{rules}; base-uri 'none'; form-action 'none'\">"


def _hashes(texts: list[str]) -> str:
    digests = (hashlib.sha256(text.encode("utf-8")).digest() for text in texts)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode('ascii')}'" for digest in digests)


def _offline_css(text: str) -> str:
    """A style sheet without comments and without anything it would load."""
    return re.sub(r"url\([^)]*\)", "none", re.sub(r"(?s)/\*.*?\*/", "", text))


def _refuse_addresses(text: str) -> None:
    """Fail where the page (data aside) names an address it might request, or closes a script early."""
    named = {match.rstrip(".,;") for match in re.findall(r"(?i)\b(?:https?|wss?|ftp)://[^\s\"'<>)]+", text)}
    loads = re.findall(r"(?i)<(?:link|iframe|img|object|embed)\b[^>]*|<script[^>]*\ssrc[^>]*|@import[^;]*", text)
    unknown = sorted(named - NAMED_URLS) + sorted(loads)
    if unknown:
        raise trouble("E-OUT-012", where="the briefing's frame", address=unknown[0][:80])


@cache
def _asset(name: str) -> str:
    """The text of one file of layers/assets, checked against MANIFEST.json where it is vendored."""
    text = (ASSETS / name).read_bytes().replace(b"\r\n", b"\n")
    expected = _vendored().get(name)
    if expected and hashlib.sha256(text).hexdigest() != expected:
        raise trouble("E-OUT-013", where="layers/assets", file=name)
    return text.decode("utf-8")


@cache
def _vendored() -> dict[str, str]:
    manifest = json.loads((ASSETS / "MANIFEST.json").read_text(encoding="utf-8"))
    files = [entry for package in manifest["packages"] for entry in package["files"]]
    return {entry["file"]: entry["sha256"].replace(" ", "") for entry in files}  # in groups, or it passes for a secret
