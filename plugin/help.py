"""The offline pages that explain the algorithms, for QGIS's *Help* button."""

from __future__ import annotations

from pathlib import Path

from .words import pick

PAGES = Path(__file__).parent / "help"


def help_page(name: str) -> str:
    """The address of the page on the algorithm *name*, in the face's language; empty where it is not there."""
    page = PAGES / pick("en", "zh") / "algorithms.html"
    return f"{page.as_uri()}#{name}" if page.is_file() else ""
