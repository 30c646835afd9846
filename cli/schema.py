"""schema.json from the code: every setting of a run, every model and every step, for faces that may import neither."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from ..params import Param, param, params_of
from . import command_words as words
from .file_words import OF_RUNS, OF_SOURCES
from .inputs import CELL_COLUMNS, COLUMNS

_KINDS = {bool: "bool", int: "int", float: "float", str: "text", tuple: "list", list: "list"}


@dataclass
class Stretch:
    """The stretch of the past that is replayed, beside the settings of a run."""

    from_day: str = param("", words.FROM[0], zh="首日", help_zh=words.FROM[1])
    to_day: str = param("", words.TO[0], zh="末日的次日", help_zh=words.TO[1])


def make_schema() -> dict[str, Any]:
    """The whole schema as plain data. Imports the pipeline and every model."""
    from .. import __version__
    from ..models import registry
    from ..pipeline.plan import plan_params
    from ..pipeline.presets import PRESETS
    from .steps import all_steps

    run = [describe(name, kind, default, p) for name, _, _, kind, default, p in plan_params()]
    presets = [asdict(preset) for preset in PRESETS.values()]
    models = {
        name: {
            "title": cls.title,
            "title_zh": cls.title_zh,
            "help": _first_line(cls),
            "params": describe_all(params_of(cls)),
        }
        for name, cls in registry().items()
    }
    return {
        "version": __version__,
        "run": {**words.described("run", words.RUN), "params": run, "presets": presets},
        "check": {**words.described("check", words.CHECK), "params": []},
        "replay": {**words.described("replay", words.REPLAY), "params": describe_all(params_of(Stretch))},
        "files": _pairs({**OF_SOURCES, **OF_RUNS}),
        "columns": _pairs({**COLUMNS, **CELL_COLUMNS}),
        "models": models,
        "steps": {name: step.described(name) for name, step in all_steps().items()},
    }


def _pairs(told: dict[str, tuple[str, str]]) -> dict[str, dict[str, str]]:
    """Name -> its help in both languages."""
    return {name: {"help": english, "help_zh": chinese} for name, (english, chinese) in told.items()}


def schema_text() -> str:
    """The schema file's content, the same bytes every time."""
    return json.dumps(make_schema(), ensure_ascii=False, indent=1) + "\n"


def write_schema(path: Path) -> Path:
    """Write schema.json; returns its path."""
    path.write_text(schema_text(), encoding="utf-8", newline="\n")
    return path


def describe_all(entries: Iterable[tuple[str, Any, Any, Param]]) -> list[dict[str, Any]]:
    """One schema entry per setting."""
    return [describe(*entry) for entry in entries]


def describe(name: str, kind: Any, default: Any, p: Param) -> dict[str, Any]:
    """The schema entry of one setting: everything a face needs to know about it."""
    return {
        "name": name,
        "type": "choice" if p.choices else _kind_name(kind),
        "default": list(default) if isinstance(default, tuple) else default,
        "help": p.help,
        "zh": p.zh,
        "help_zh": p.help_zh or p.zh,
        "unit": p.unit,
        "low": p.low,
        "high": p.high,
        "choices": list(p.choices),
        "advanced": p.advanced,
    }


def _kind_name(kind: Any) -> str:
    """'float' of `float`, `float | None`; 'list' of `tuple[str, ...]`."""
    if get_origin(kind) in (Union, UnionType):
        (kind,) = (part for part in get_args(kind) if part is not type(None))
    return _KINDS[get_origin(kind) or kind]


def _first_line(cls: type) -> str:
    return (cls.__doc__ or "").strip().splitlines()[0]
