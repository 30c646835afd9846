"""The bytes of what people hand over: plain, gzipped or zipped, and none trusted to be what its name says."""

from __future__ import annotations

import gzip
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from ..errors import InputError
from .refusals import refusal, trouble

TEXT, WORKBOOK, VECTOR, PARQUET = "text", "workbook", "vector", "parquet"
KINDS = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), TEXT),
    **dict.fromkeys((".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"), WORKBOOK),
    **dict.fromkeys((".gpkg", ".geojson", ".json", ".shp", ".fgb", ".kml"), VECTOR),
    **dict.fromkeys((".parquet", ".geoparquet", ".pq"), PARQUET),
}
"""How a file name ends -> the reader that knows it."""

_MAGIC: tuple[tuple[bytes, str, set[str]], ...] = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook", {".zip", ".xlsx", ".xlsm", ".xlsb", ".ods", ".xls"}),
    (b"PK\x05\x06", "an empty ZIP archive", {".zip"}),
    (b"SQLite format 3\x00", "a SQLite or GeoPackage database", {".gpkg"}),
    (b"PAR1", "a Parquet file", {".parquet", ".geoparquet", ".pq"}),
    (b"\x1f\x8b", "a gzip archive", {".gz"}),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", {".xls"}),
    (b"%PDF", "a PDF", set()),
    (b"\x89PNG", "a picture", set()),
    (b"fgb", "a FlatGeobuf layer", {".fgb"}),
    (b"\x00\x00\x27\x0a", "a Shapefile", {".shp"}),
)
_IN_CHINESE = {
    "a ZIP archive or an Excel workbook": "ZIP压缩包或Excel工作簿",
    "an empty ZIP archive": "空的ZIP压缩包",
    "a SQLite or GeoPackage database": "SQLite或GeoPackage数据库",
    "a Parquet file": "Parquet文件",
    "a gzip archive": "gzip压缩包",
    "an old Excel workbook": "旧版Excel工作簿",
    "a PDF": "PDF",
    "a picture": "图片",
    "a FlatGeobuf layer": "FlatGeobuf图层",
    "a Shapefile": "Shapefile",
    "a web page": "网页",
    "something else, perhaps cut short": "其他内容,可能不完整",
    "no JSON": "非JSON内容",
}
_MUST_BEGIN = {ending for _, _, endings in _MAGIC for ending in endings} - {".xls"}
_PAGES = (b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta", b"<head", b"<body", b"<style")
LARGEST = 8 << 30
"""Bytes an archive may unpack to."""
_THICKEST = 200
_PIECE = 1 << 24
_SHAPE_PARTS = (".shx", ".dbf", ".prj", ".cpg", ".qpj", ".sbn", ".sbx", ".xml", ".qmd")


@dataclass(frozen=True)
class Content:
    """The bytes of a file: a path where it lies plainly on the disk, else unpacked; `beside`: a Shapefile's parts."""

    name: str
    ending: str
    path: Path | None = None
    data: bytes | None = None
    beside: dict[str, bytes] = field(default_factory=dict)

    def files(self, name: str) -> dict[str, bytes]:
        """The unpacked bytes as files called *name*, for a reader that wants files; none if they lie on the disk."""
        if self.data is None:
            return {}
        stem = name.removesuffix(self.ending)
        return {name: self.data, **{f"{stem}{ending}": data for ending, data in self.beside.items()}}

    def as_asked(self, name: str) -> dict[str, Any]:
        """The file as `sandbox.parse` takes it; *name* is what it is called where it does not lie on the disk."""
        return {"name": self.name, "path": self.path, "files": self.files(name)}

    def buffer(self) -> pa.Buffer:
        """All bytes, mapped from the disk where possible."""
        if self.data is not None:
            return pa.py_buffer(self.data)
        with pa.memory_map(str(self.path)) as mapped:
            return mapped.read_buffer()

    def head(self, size: int = 4096) -> bytes:
        """The first bytes."""
        if self.data is not None:
            return self.data[:size]
        if self.path is None:
            return b""
        with self.path.open("rb") as stream:
            return stream.read(size)


def open_contents(path: Path, name: str) -> list[Content]:
    """The file itself, or what a .zip or .gz holds, called *name* in messages; a Shapefile and its parts are one.

    Raises InputError if it is missing, empty, of no kind that is known, or not what its name says, and
    EnvironmentProblem if it may not be read.
    """
    if not path.exists():
        raise refusal("E-FILE-001", where=name)
    if path.is_dir():
        raise refusal("E-FILE-002", where=name)
    try:
        size = path.stat().st_size
        content = Content(name, path.suffix.lower(), path)
        _check_content(content, size)
        if content.ending == ".zip":
            return _unzip(path, name)
        if content.ending == ".gz":
            return [_gunzip(path, name)]
    except PermissionError as error:
        raise trouble("E-FILE-003", where=name) from error
    return [content]


def _check_content(content: Content, size: int) -> None:
    """Empty, unknown by its ending, or beginning like something else: say which."""
    if size == 0:
        raise refusal("E-FILE-004", where=content.name)
    if content.ending not in KINDS and content.ending not in (".zip", ".gz"):
        raise refusal(
            "E-FILE-005",
            where=content.name,
            ending=content.ending or "nothing",
            ending_zh=content.ending or "空白",
            endings=", ".join(sorted({*KINDS, ".zip", ".gz"})),
        )
    head = content.head()
    for magic, what, endings in _MAGIC:
        if head.startswith(magic) and content.ending not in endings:
            raise _not_what_it_says(content, what)
    if content.ending in _MUST_BEGIN and not any(head.startswith(m) and content.ending in e for m, _, e in _MAGIC):
        raise _not_what_it_says(content, "a web page" if is_page(head) else "something else, perhaps cut short")
    if content.ending in (".geojson", ".json") and not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(
        (b"{", b"[")
    ):
        raise _not_what_it_says(content, "no JSON")


def is_page(head: bytes) -> bool:
    """Whether a file that begins with *head* is a web page or XML, in an encoding that holds ASCII or in UTF-16."""
    plain = head.replace(b"\x00", b"").removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    return plain.lstrip()[:200].lower().startswith(_PAGES)


def _not_what_it_says(content: Content, what: str) -> InputError:
    return refusal("E-FILE-006", where=content.name, ending=content.ending, what=what, what_zh=_IN_CHINESE[what])


def _gunzip(path: Path, name: str) -> Content:
    inner = Path(name.removesuffix(path.suffix))
    packed, pieces, size = path.stat().st_size, [], 0
    with unpacking(name), gzip.open(path) as stream:
        while piece := stream.read(_PIECE):
            pieces.append(piece)
            size += len(piece)
            if _is_bomb(size, packed):
                raise _too_large(name)
    data = b"".join(pieces)
    content = Content(name, inner.suffix.lower(), data=data)
    _check_content(content, len(data))
    return content


def _unzip(path: Path, name: str) -> list[Content]:
    """The tables inside an archive, in the order of their names; a Shapefile's parts are one."""
    with unpacking(name), zipfile.ZipFile(path) as archive:
        _refuse_paths_outside(archive.infolist(), name)
        members = [m for m in archive.infolist() if _is_table(m)]
        _check_archive(members, archive.infolist(), name)
        members = [m for m in members if PurePosixPath(m.filename).suffix.lower() in KINDS]
        return [_member(archive, m, name, alone=len(members) == 1) for m in members]


def _refuse_paths_outside(members: list[zipfile.ZipInfo], name: str) -> None:
    """Nothing is ever unpacked to where an archive says; one that names such places was not made by an export."""
    paths = [PurePosixPath(m.filename.replace("\\", "/")) for m in members]
    if any(path.is_absolute() or ".." in path.parts for path in paths):
        raise refusal("E-FILE-007", where=name)


@contextmanager
def unpacking(name: str) -> Iterator[None]:
    """Whatever a damaged archive makes the unpackers say becomes one message."""
    try:
        yield
    except (InputError, PermissionError):
        raise
    except NotImplementedError as error:
        raise refusal("E-FILE-008", where=name) from error
    except RuntimeError as error:
        raise refusal("E-FILE-009", where=name) from error
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, struct.error, zipfile.BadZipFile) as error:
        raise refusal("E-FILE-010", where=name) from error


def _is_table(member: zipfile.ZipInfo) -> bool:
    inner = PurePosixPath(member.filename)
    hidden = any(part.startswith((".", "__MACOSX")) for part in inner.parts)
    return not member.is_dir() and not hidden and inner.suffix.lower() not in _SHAPE_PARTS


def _check_archive(members: list[zipfile.ZipInfo], every: list[zipfile.ZipInfo], name: str) -> None:
    if not members:
        raise refusal("E-FILE-011", where=name)
    unknown = [m for m in members if PurePosixPath(m.filename).suffix.lower() not in KINDS]
    if len(unknown) == len(members):
        raise refusal("E-FILE-012", where=name, endings=", ".join(sorted(KINDS)))
    if _is_bomb(sum(m.file_size for m in every), max(1, sum(m.compress_size for m in every))):
        raise _too_large(name)


def _is_bomb(unpacked: int, packed: int) -> bool:
    return unpacked > LARGEST or (unpacked > (1 << 27) and unpacked / packed > _THICKEST)


def _too_large(name: str) -> InputError:
    return refusal("E-FILE-013", where=name)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, *, alone: bool) -> Content:
    inner = PurePosixPath(_member_name(member))
    shown = name if alone else f"{name}/{inner.name}"
    beside = _parts_beside(archive, member) if inner.suffix.lower() == ".shp" else {}
    content = Content(shown, inner.suffix.lower(), data=archive.read(member), beside=beside)
    _check_content(content, member.file_size)
    return content


def _parts_beside(archive: zipfile.ZipFile, shp: zipfile.ZipInfo) -> dict[str, bytes]:
    """The other parts of a Shapefile, by their endings."""
    stem = shp.filename[:-4].casefold()
    parts = {m.filename[-4:].lower(): m for m in archive.infolist() if m.filename[:-4].casefold() == stem}
    return {ending: archive.read(m) for ending, m in parts.items() if ending in _SHAPE_PARTS}


def _member_name(member: zipfile.ZipInfo) -> str:
    """Names without the UTF-8 mark come from Windows: GB18030 there, read by zipfile as code page 437."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return member.filename
