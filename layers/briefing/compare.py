"""Two briefings on one page: the later one, and under a hand that can be drawn across the map the earlier one."""

from __future__ import annotations

import base64
import gzip
import json
import re
import zlib
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from ..refusals import refusal
from ..whole_file import write_whole
from .frame import PANES, make_frame
from .page import assemble, degrees
from .shapes import Lattice

_DATA = re.compile(r'<script type="application/(json|gzip)" id="data">([^<]*)</script>')
_LARGEST = 200_000_000
_OTHER_FACTS = ("as_of", "window_start", "window_days", "run_id", "bin", "expected_false")
_OTHER_WARNING = "warning_id rank level category name unit city place_units reason reason_en change at".split()


def write_comparison(path: str | Path, before: str | Path, after: str | Path) -> dict[str, int]:
    """Write the page of two briefings, files or folders of runs, to *path*.

    Units are matched by their code; what the earlier briefing does not know is drawn as without data. Returns how many
    warnings are `new`, `gone` and `kept`. Raises InputError if a file is no briefing, or if the two show other ground.
    """
    old, new = _read(before), _read(after)
    new.get("ground", {}).pop("tiles", None)  # what a file names is no setting: the comparison asks no host
    rows = _rows(old)
    known = sum(cell in rows for layer in new["layers"] for cell in layer["ids"])
    if not known:
        raise refusal("E-COMPARE-002", where=str(before))
    listed = {side: _listed(data) for side, data in (("old", old), ("new", new))}
    changes = {
        "new": len(listed["new"] - listed["old"]),
        "gone": len(listed["old"] - listed["new"]),
        "kept": len(listed["old"] & listed["new"]),
    }
    new["other"] = {
        "facts": {name: old["facts"][name] for name in _OTHER_FACTS if name in old["facts"]},
        "layers": [_values(layer, old, rows) for layer in new["layers"]],
        "warnings": [_warning(entry, old, new) for entry in old["warnings"]["inside"]],
        "changes": changes,
    }
    spec = new["lattice"]
    lattice = Lattice(spec["x0"], spec["y0"], spec["unit"], spec["w"], spec["h"])
    frame = make_frame(degrees(lattice))
    new["map"], new["panes"] = frame.variable, list(PANES)
    write_whole(path, assemble(frame.body, frame.script, new).encode("utf-8"))
    return changes


def _read(place: str | Path) -> dict[str, Any]:
    """The data of a briefing. Raises InputError if it is none."""
    path = Path(place)
    path = path / "briefing.html" if path.is_dir() else path
    try:
        found = _DATA.search(path.read_text(encoding="utf-8"))
        if found is None:
            raise refusal("E-COMPARE-001", where=str(path))
        data = json.loads(_unpacked(found[2]) if found[1] == "gzip" else found[2])
        if not {"layers", "warnings", "facts", "lattice", "palette"} <= set(data):
            raise refusal("E-COMPARE-001", where=str(path))
    except (OSError, ValueError, TypeError, zlib.error) as error:
        raise refusal("E-COMPARE-001", where=str(path)) from error
    return dict(data)


def _unpacked(text: str) -> bytes:
    with gzip.GzipFile(fileobj=BytesIO(base64.b64decode(text))) as stream:
        return stream.read(_LARGEST)


def _rows(data: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """cell_id -> (number of its layer, place in it)."""
    return {cell: (k, i) for k, layer in enumerate(data["layers"]) for i, cell in enumerate(layer["ids"])}


def _listed(data: Mapping[str, Any]) -> set[tuple[str, str]]:
    ids = {layer["row"] + i: cell for layer in data["layers"] for i, cell in enumerate(layer["ids"])}
    return {(ids.get(entry["unit"], ""), entry["category"]) for entry in data["warnings"]["inside"]}


def _values(layer: Mapping[str, Any], old: Mapping[str, Any], rows: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    """Classes and counts of the earlier briefing for the units of one layer of the later one."""
    places = [rows.get(cell) for cell in layer["ids"]]
    result: dict[str, Any] = {}
    for state in ("risk", "hot", "emerging"):
        if layer.get(state) is None:
            continue
        own = [old["layers"][place[0]].get(state) if place else None for place in places]
        pairs = [(values, place[1]) if values and place else None for values, place in zip(own, places, strict=True)]
        result[state] = {name: [pair[0][name][pair[1]] if pair else none for pair in pairs] for name, none in _BLANK}
    return result


_BLANK: tuple[tuple[str, int | None], ...] = (("k", -1), ("n", None))


def _warning(entry: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """A warning of the earlier briefing, its units as rows of the later one, its point on the later lattice."""
    ids = {layer["row"] + i: cell for layer in old["layers"] for i, cell in enumerate(layer["ids"])}
    row_of = {cell: layer["row"] + i for layer in new["layers"] for i, cell in enumerate(layer["ids"])}
    kept = {name: entry.get(name) for name in _OTHER_WARNING}
    kept["unit"] = row_of.get(ids.get(entry["unit"], ""), -1)
    kept["place_units"] = [row_of[ids[row]] for row in entry["place_units"] if ids.get(row) in row_of]
    at, was, now = entry.get("at"), old["lattice"], new["lattice"]
    if at:
        x, y = was["x0"] + was["unit"] * at[0], was["y0"] - was["unit"] * at[1]
        kept["at"] = [round((x - now["x0"]) / now["unit"]), round((now["y0"] - y) / now["unit"])]
    return kept
