"""Which encoding the table of a Shapefile is in: what its .cpg or its mark says, else a strict trial."""

from __future__ import annotations

import struct
from pathlib import Path

from ..columns.encodings import decode
from ..refusals import refusal

_MARKS = {0x4D: "CP936", 0x4F: "CP950", 0x78: "CP950", 0x7A: "CP936"}
"""The byte a dBase table may say its code page with."""


def dbf_encoding(shp: Path) -> str | None:
    """GDAL's name of the encoding, None where the .cpg tells it.

    Raises InputError if the table is in no encoding that is known.
    """
    beside = {part.suffix.lower(): part for part in shp.parent.glob("*") if part.stem == shp.stem}
    if ".cpg" in beside and beside[".cpg"].stat().st_size:
        return None
    if ".dbf" not in beside:
        return "UTF-8"
    data = beside[".dbf"].read_bytes()
    if len(data) < 32:
        raise refusal("E-LAYER-004", where=shp.name)
    if data[29] in _MARKS:
        return _MARKS[data[29]]
    start = struct.unpack("<H", data[8:10])[0]
    names = b"\n".join(data[at : at + 11].split(b"\0")[0] for at in range(32, max(32, start - 32), 32))
    text = names + b"\n" + data[start:]
    return {"utf-8": "UTF-8", "gb18030": "GB18030", "big5": "CP950"}[decode(text, where=shp.name)[1]]
