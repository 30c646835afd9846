"""Places, never people: what tells of persons, which classes are not for this work, and what may be written for whom.

`texts` knows personal data in column names and texts, `policy` the classes that are refused or only described,
`pseudonyms` keyed names for callers, `importing` what an import is told of both, and `profiles` the columns that may be
written.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    **dict.fromkeys(("PERSON_SHARE", "is_id_card", "looks_personal", "mask_personal", "mask_text"), ".texts"),
    "person_columns": ".texts",
    **dict.fromkeys(("ClassPolicy", "class_policy", "describe_only", "read_policy", "refused"), ".policy"),
    "Pseudonyms": ".pseudonyms",
    "read_key": ".pseudonyms",
    "Privacy": ".importing",
    "PROFILES": ".profiles",
    "allowed_columns": ".profiles",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
