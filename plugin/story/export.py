"""A unit's story as a CSV file that a spreadsheet opens without running anything in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from ...errors import EnvironmentProblem
from ..words import tr
from .record import Story

LIVE = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a formula begins."""


def rows_of(story: Story) -> Iterator[tuple[str, str, int]]:
    """(what, which, incidents): every day, hour, weekday (1 is Monday) and class of the story."""
    for place, number in enumerate(story.days):
        if story.first_day is not None:
            yield "day", (story.first_day + timedelta(days=place)).isoformat(), number
    for hour, number in enumerate(story.hours):
        yield "hour", str(hour), number
    for weekday, number in enumerate(story.weekdays, 1):
        yield "weekday", str(weekday), number
    for name, number in story.classes:
        yield "class", _still(name), number


def _still(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(LIVE) else text


def write_csv(story: Story, path: Path) -> None:
    """Write the story to *path*, whole or not at all. Raises EnvironmentProblem."""
    text = io.StringIO(newline="")
    out = csv.writer(text)
    out.writerow(["cell_id", "what", "which", "incidents"])
    out.writerows([_still(story.unit.cell_id), *row] for row in rows_of(story))
    half = path.with_name(f"{path.name}.part")
    try:
        half.write_bytes(text.getvalue().encode("utf-8-sig"))
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise EnvironmentProblem(
            tr("The file could not be written: {why}", why=error.strerror or error),
            where=str(path),
            fix=tr("Choose another folder, or close the program that has the file open."),
        ) from error


def file_name(story: Story) -> str:
    """A name for the file: the unit's code, and nothing a file system would stumble over."""
    kept = "".join(sign if sign.isalnum() or sign in "-_." else "_" for sign in story.unit.cell_id)
    return f"{kept[:80].strip('.') or 'unit'}.csv"
