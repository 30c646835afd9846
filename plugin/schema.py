"""What the engine can do and which columns it knows, read from files: known before any engine is installed."""

from __future__ import annotations

import json
import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..errors import EngineError
from .words import tr

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = ROOT / "schema.json"
COLUMNS = ROOT / "layers" / "columns.json"


@lru_cache(maxsize=1)
def read_schema() -> dict[str, Any]:
    """The whole schema. Raises EngineError where the file is missing or damaged."""
    return _read(SCHEMA)


@lru_cache(maxsize=1)
def known_columns() -> frozenset[str]:
    """Every column name by which the engine finds a field of the incidents, as `normal_name` writes it.

    Raises EngineError where the file is missing or damaged.
    """
    return frozenset(normal_name(name) for names in _read(COLUMNS)["roles"].values() for name in names)


def normal_name(name: str) -> str:
    """A column's name the way the engine compares it: NFKC, small letters, blanks and hyphens as `_`."""
    return re.sub(r"[\s\-]+", "_", unicodedata.normalize("NFKC", name).strip().casefold())


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EngineError(
            tr("A file of the plugin cannot be read: {error}", error=error),
            where=path.name,
            fix=tr("Install the plugin again."),
        ) from error
