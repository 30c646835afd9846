"""URLs of database tables, told from paths of files. Standard library only."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit


def is_url(path: str | Path) -> bool:
    """Whether *path* names a table of a database."""
    return str(path).startswith(("postgresql://", "postgres://"))


def shown_name(url: str) -> str:
    """What a table of a database is called in messages and outputs: neither user, password nor host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "database"
    return f"{unquote(parts.path.strip('/'))}:{parse_qs(parts.query).get('table', ['?'])[0]}"
