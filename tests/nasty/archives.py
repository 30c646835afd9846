"""Archives: nested, bombs, foreign names, locked, cut short; and files that are not what their name says."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from pathlib import Path

from . import ROWS, TEXT, nasty, put


def packed(members: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return sink.getvalue()


def _one_megabyte_of_zeros() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(b"\x00" * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)


ZEROS = _one_megabyte_of_zeros()


def zeros_deflated(megabytes: int) -> bytes:
    """A deflate stream that unpacks to that many megabytes; made without packing them."""
    return ZEROS * megabytes + b"\x03\x00"


def swollen(archive: bytes, member: str, megabytes: int) -> bytes:
    """The archive with its stored *member*, a `zeros_deflated`, declared as what it unpacks to."""
    out, name, crc = bytearray(archive), member.encode(), 0
    for _ in range(megabytes):
        crc = zlib.crc32(bytes(1 << 20), crc)
    for mark, method, figures in ((b"PK\x03\x04", 8, 14), (b"PK\x01\x02", 10, 16)):
        at = archive.index(name, archive.index(mark) if figures == 14 else archive.index(b"PK\x01\x02"))
        at = archive.rindex(mark, 0, at)
        packed_size = struct.unpack_from("<I", archive, at + figures + 4)[0]
        struct.pack_into("<H", out, at + method, 8)
        struct.pack_into("<III", out, at + figures, crc, packed_size, megabytes << 20)
    return bytes(out)


@nasty("read", rows_in=8, rows_used=8)
def zipped(folder: Path):
    return put(folder, "a.zip", packed({"a.csv": TEXT}))


@nasty("read", rows_in=16, rows_used=16)
def two_months_in_a_zip(folder: Path):
    other = TEXT.replace("\nA", "\nB").encode("gb18030")
    return put(folder, "a.zip", packed({"2/二月.csv": other, "1/一月.csv": TEXT, "__MACOSX/._a.csv": b"\x00\x05"}))


@nasty("refused", "holds no table")
def zip_in_a_zip(folder: Path):
    return put(folder, "a.zip", packed({"b.zip": packed({"a.csv": TEXT})}))


@nasty("refused", "the archive holds no table")
def zip_that_holds_zips_twenty_deep(folder: Path):
    inner = packed({"a.csv": TEXT})
    for _ in range(20):
        inner = packed({"n.zip": inner})
    return put(folder, "a.zip", inner)


@nasty("refused", "the archive unpacks to more than can be read")
def zip_bomb(folder: Path):
    return put(folder, "a.zip", swollen(packed({"a.csv": zeros_deflated(300)}, zipfile.ZIP_STORED), "a.csv", 300))


@nasty("refused", "the archive is damaged or cut short")
def zip_that_lies_about_its_size(folder: Path):
    whole = bytearray(packed({"a.csv": TEXT}))
    at = whole.rindex(b"PK\x01\x02")
    whole[at + 24 : at + 28] = struct.pack("<I", 5)
    return put(folder, "a.zip", bytes(whole))


@nasty("refused", "outside of itself")
def zip_with_a_path_outside(folder: Path):
    return put(folder, "a.zip", packed({"../../../etc/cron.d/a.csv": TEXT}))


@nasty("read", rows_in=8, rows_used=8)
def zip_with_names_of_windows(folder: Path):
    return put(folder, "a.zip", packed({"\u00bf\u00bf.csv": TEXT}))


@nasty("refused", "password")
def zip_with_a_password(folder: Path):
    whole = bytearray(packed({"a.csv": TEXT}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        whole[whole.index(mark) + place] |= 1
    return put(folder, "a.zip", bytes(whole))


@nasty("refused", "the archive is damaged or cut short")
def zip_cut_short(folder: Path):
    return put(folder, "a.zip", packed({"a.csv": TEXT * 50})[:-60])


@nasty("refused", "the archive is damaged or cut short")
def zip_with_a_wrong_checksum(folder: Path):
    whole = bytearray(packed({"a.csv": TEXT}, zipfile.ZIP_STORED))
    whole[whole.index("供水".encode()) + 1] ^= 1
    return put(folder, "a.zip", bytes(whole))


@nasty("refused", "the archive holds no file")
def zip_empty(folder: Path):
    return put(folder, "a.zip", packed({}))


@nasty("refused", "no table")
def zip_of_pictures(folder: Path):
    return put(folder, "a.zip", packed({"a.png": b"\x89PNG", "b.pdf": b"%PDF"}))


@nasty("read", rows_in=8, rows_used=8)
def gzipped(folder: Path):
    return put(folder, "a.csv.gz", gzip.compress(TEXT.encode()))


@nasty("refused", "the archive is damaged or cut short")
def gzip_cut_short(folder: Path):
    return put(folder, "a.csv.gz", gzip.compress(TEXT.encode() * 30)[:-9])


@nasty("refused", "the file is empty")
def gzip_of_nothing(folder: Path):
    return put(folder, "a.csv.gz", gzip.compress(b""))


@nasty("refused", "the file is not text")
def gzip_of_zeros(folder: Path):
    return put(folder, "a.csv.gz", gzip.compress(b"\x00" * (32 << 20)))


@nasty("refused", "ending in nothing")
def gzip_without_inner_ending(folder: Path):
    return put(folder, "export.gz", gzip.compress(TEXT.encode()))


@nasty("refused", "the file is named .csv but holds a ZIP archive")
def zip_named_csv(folder: Path):
    return put(folder, "a.csv", packed({"a.csv": TEXT}))


@nasty("refused", "the file is named .zip but holds something else")
def commas_named_zip(folder: Path):
    return put(folder, "a.zip", TEXT)


@nasty("refused", "the file is named .csv but holds a PDF")
def paper_named_csv(folder: Path):
    return put(folder, "a.csv", b"%PDF-1.7\n" + TEXT.encode())


@nasty("refused", "the file is named .csv but holds a picture")
def picture_named_csv(folder: Path):
    return put(folder, "a.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)))


@nasty("refused", "no column is known to hold the time")
def web_page_named_csv(folder: Path):
    return put(folder, "a.csv", "<!DOCTYPE html><html><body>登录已过期</body></html>")


@nasty("refused", "the file is not text")
def noise_named_csv(folder: Path):
    return put(folder, "a.csv", bytes((n * 7919 + (n >> 3) * 31) % 256 for n in range(4096)))


@nasty("refused", "the file is not text")
def program_named_txt(folder: Path):
    return put(folder, "a.txt", b"MZ\x90\x00\x03" + b"\x00" * 500)


@nasty("refused", "the file is named .parquet but holds something")
def commas_named_parquet(folder: Path):
    return put(folder, "a.parquet", TEXT)


@nasty("refused", "the file is named .gpkg but holds something else")
def commas_named_gpkg(folder: Path):
    return put(folder, "a.gpkg", TEXT)


@nasty("refused", "the file is named .geojson but holds no JSON")
def commas_named_geojson(folder: Path):
    return put(folder, "a.geojson", "\n".join(ROWS))


@nasty("refused", "the layer cannot be read")
def json_of_another_kind(folder: Path):
    return put(folder, "a.json", '{"code": 401, "message": "token expired"}')


@nasty("refused", "the layer cannot be read")
def json_cut_short(folder: Path):
    return put(folder, "a.geojson", '{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Po')


@nasty("refused", "the layer cannot be read")
def json_ten_thousand_deep(folder: Path):
    return put(folder, "a.geojson", '{"type":"FeatureCollection","features":' + "[" * 10_000 + "]" * 10_000 + "}")
