"""A PNG with its place on earth, warped onto Web Mercator by GDAL and made anew: nothing of the file itself is kept."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import rasterio
from rasterio.crs import CRS
from rasterio.errors import CRSError, RasterioError
from rasterio.io import MemoryFile
from rasterio.transform import array_bounds
from rasterio.warp import Resampling, calculate_default_transform, reproject

from ..refusals import refusal

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MOST_PIXELS = 60_000_000
_LONGER_SIDE = 2_600
_LEAST_SIDE = 300
_MERCATOR = CRS.from_epsg(3857)


def parse(order: dict[str, Any]) -> tuple[dict[str, Any], list[pa.Table]]:
    """(box: west, south, east, north in Web Mercator metres; width, height), [one row: `png`, the new file's bytes].

    The order names `crs` (WKT, "" for the file's own) and `most`, the bytes the new file may have.
    """
    where = order["name"]
    _check_head(Path(order["place"]), where)
    try:
        with rasterio.open(order["place"], driver="PNG") as picture:
            if picture.transform.is_identity:
                raise refusal("E-MAP-002", where=where)
            crs = _crs_of(order, picture.crs, where)
            pixels, transform = _rgba(picture), picture.transform
    except RasterioError as error:
        raise refusal("E-MAP-001", where=where) from error
    side = _LONGER_SIDE
    while True:
        warped, box = _onto_mercator(pixels, transform, crs, side, where)
        data = _as_png(warped)
        if len(data) <= order["most"]:
            break
        if side < _LEAST_SIDE:
            raise refusal("E-MAP-004", where=where)
        side = int(side * 0.8)
    facts = {"box": box, "width": warped.shape[2], "height": warped.shape[1]}
    return facts, [pa.table({"png": pa.array([data], pa.binary())})]


def _check_head(path: Path, where: str) -> None:
    """Refuse what is no whole PNG, chunk by chunk, or one that would unpack to more than a map has."""
    data = path.read_bytes()
    width, height = struct.unpack(">II", data[16:24]) if len(data) > 24 else (0, 0)
    if not data.startswith(_SIGNATURE) or data[12:16] != b"IHDR" or not width * height:
        raise refusal("E-MAP-001", where=where)
    if width * height > _MOST_PIXELS:
        raise refusal("E-MAP-005", where=where, width=width, height=height, most=_MOST_PIXELS // 1_000_000)
    at, kind = len(_SIGNATURE), b""
    while kind != b"IEND":
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        kind, told = data[at + 4 : at + 8], int.from_bytes(data[end - 4 : end], "big")
        if end > len(data) or zlib.crc32(data[at + 4 : end - 4]) != told:
            raise refusal("E-MAP-001", where=where)
        at = end


def _crs_of(order: dict[str, Any], own: CRS | None, where: str) -> CRS:
    """The system the user named, that of the .aux.xml, or that of a .prj beside the file."""
    beside = Path(order["place"]).with_suffix(".prj")
    try:
        if order["crs"]:
            return CRS.from_wkt(order["crs"])
        if own is None and beside.exists():
            return CRS.from_wkt(beside.read_text(encoding="utf-8", errors="strict")[:20_000])
    except (CRSError, UnicodeDecodeError) as error:
        raise refusal("E-MAP-003", where=where) from error
    if own is None:
        raise refusal("E-MAP-003", where=where)
    return own


def _rgba(picture: Any) -> np.ndarray:
    """(4, height, width) uint8: colours spread from a palette or grey, transparency where the file has one."""
    bands, alpha = picture.read(), picture.dataset_mask()
    if bands.dtype == np.uint16:
        bands = (bands >> 8).astype(np.uint8)
    interpretation = picture.colorinterp[0].name
    if interpretation == "palette":
        table = np.zeros((256, 4), dtype=np.uint8)
        for number, colour in picture.colormap(1).items():
            table[number] = colour
        return np.moveaxis(table[bands[0]], -1, 0).copy()
    colours = bands[:3] if len(bands) >= 3 else np.repeat(bands[:1], 3, axis=0)
    return np.concatenate([colours, alpha[None]]).astype(np.uint8)


def _onto_mercator(
    pixels: np.ndarray, transform: Any, crs: CRS, side: int, where: str
) -> tuple[np.ndarray, list[float]]:
    height, width = pixels.shape[1:]
    bounds = array_bounds(height, width, transform)
    try:
        target, new_width, new_height = calculate_default_transform(crs, _MERCATOR, width, height, *bounds)
        shrink = max(1.0, max(new_width, new_height) / side)
        target = target * target.scale(shrink, shrink)
        shape = (4, max(1, round(new_height / shrink)), max(1, round(new_width / shrink)))
        warped = np.zeros(shape, dtype=np.uint8)
        way = {"src_transform": transform, "src_crs": crs, "dst_transform": target, "dst_crs": _MERCATOR}
        smooth = Resampling.average if shrink > 1.5 else Resampling.bilinear
        for source, band in zip(pixels, warped, strict=True):
            reproject(source, band, **way, resampling=smooth)
    except (CRSError, RasterioError, ValueError, OverflowError) as error:
        raise refusal("E-MAP-003", where=where) from error
    west, south, east, north = array_bounds(shape[1], shape[2], target)
    return warped, [float(west), float(south), float(east), float(north)]


def _as_png(pixels: np.ndarray) -> bytes:
    """PNG bytes, without the transparency where there is none."""
    kept = pixels if (pixels[3] < 255).any() else pixels[:3]
    with MemoryFile() as memory:
        facts = {"count": len(kept), "height": kept.shape[1], "width": kept.shape[2], "dtype": "uint8"}
        with memory.open(driver="PNG", zlevel=9, **facts) as new:
            new.write(kept)
        return bytes(memory.read())
