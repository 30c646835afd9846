"""Mutations of the bytes of valid files: bits flipped, cut, doubled, spliced, put in, numbers made extreme."""

from __future__ import annotations

import io
import random
import zipfile


def flip(data: bytearray, rng: random.Random, others: list[bytes]) -> bytearray:
    """A few bits turned."""
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return data


def cut(data: bytearray, rng: random.Random, others: list[bytes]) -> bytearray:
    """The end, or a piece out of the middle, lost."""
    at = rng.randrange(len(data))
    return data[:at] if rng.random() < 0.5 else data[:at] + data[min(len(data), at + rng.randrange(1, 400)) :]


def double(data: bytearray, rng: random.Random, others: list[bytes]) -> bytearray:
    """A piece repeated, up to a thousand times."""
    at, size = rng.randrange(len(data)), rng.randrange(1, 200)
    return data[: at + size] + data[at : at + size] * rng.choice((1, 2, 30, 1000)) + data[at + size :]


def splice(data: bytearray, rng: random.Random, others: list[bytes]) -> bytearray:
    """The head of this file and the tail of another."""
    other = rng.choice(others)
    return data[: rng.randrange(len(data))] + other[rng.randrange(len(other)) :]


PIECES = (
    b'"',
    b"'",
    b",",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"\x00",
    b"\x00" * 40,
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\x1a",
    b"\x80",
    b"\xff" * 9,
    b"1e309",
    b"-1",
    b"NaN",
    b"99999999999999999999",
    b"2026-02-31",
    b"0001-01-01",
    b"9999-12-31 23:59:59",
    b"<![CDATA[",
    b"<!--",
    b"&#x0;",
    b"{{7*191}}",
    b"[[[[[[[[",
    b"}}}}",
    b"\\u0000",
    b"null",
    "水".encode() * 50,
    b"\xf0\xa0\xae\xb7",
    b"A" * 5000,
    b"," * 3000,
)


def insert(data: bytearray, rng: random.Random, others: list[bytes]) -> bytearray:
    """Something no one expects, put in or over what is there."""
    at, piece = rng.randrange(len(data)), rng.choice(PIECES)
    return data[:at] + piece + data[at + (len(piece) if rng.random() < 0.5 else 0) :]


def number(data: bytearray, rng: random.Random, others: list[bytes]) -> bytearray:
    """A four-byte number, a length perhaps, made extreme."""
    at = rng.randrange(max(1, len(data) - 4))
    data[at : at + 4] = rng.choice(
        (b"\x00" * 4, b"\xff" * 4, b"\xff\xff\xff\x7f", b"\x00\x00\x00\x80", b"\x01\x00\x00\x00")
    )
    return data


MUTATIONS = (flip, cut, double, splice, insert, number)


def mutate(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """One to three mutations, one after the other."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3))):
        if out:
            out = rng.choice(MUTATIONS)(out, rng, others)
    return bytes(out)


def repack(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """A mutation inside one member of an archive, packed again: it passes the checksum and meets the parser."""
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        chosen = rng.choice(names)
        for name in names:
            inner = old.read(name)
            new.writestr(name, mutate(inner, rng, others) if name == chosen and inner else inner)
    return sink.getvalue()
