"""The address under which SQLite opens a file only to read it, wherever it lies."""

from __future__ import annotations

from pathlib import Path


def address(path: Path) -> str:
    """The file as SQLite's URI that can only read. Blanks, #, ?, % and Chinese are quoted; shares have four slashes."""
    uri = path.absolute().as_uri()
    return f"{uri if uri.startswith('file:///') else uri.replace('file:', 'file://', 1)}?mode=ro"
