"""What the form asks for, as a person would type it: one request, one list of options, whoever asks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .host import Request, Source

RUN, CHECK = "run", "check"
_FILES_OF_CHECK = frozenset(
    {"responsible", "plan", "days", "events", "crs", "cells-crs", "cells-before", "cells-since", "class-policy", "key"}
)
"""Options that name files, or how files are read, which `check` knows too; the others belong to `run` alone."""


def arguments(
    command: str, request: Request, written: Mapping[str, str] | None = None, remarks: Sequence[str] = ()
) -> list[str]:
    """The whole command: `check` prints its findings for programs, `run` makes its folder.

    *remarks* : what the readers of the results have to know of the data.
    """
    told = [f"--remark={text}" for text in remarks]
    return [command, *options(request, written, command=command), *told, *(["--json"] if command == CHECK else [])]


def options(request: Request, written: Mapping[str, str] | None = None, *, command: str = RUN) -> list[str]:
    """Everything of *request* as options of the command line.

    *written* : key of a layer -> the file it was written to; a source that is a file needs no entry.
    """
    places = written or {}
    parts = [part for source in request.incidents for part in ("--incidents", _place(source, places))]
    parts += ["--cells", _place(request.cells, places)] if request.cells is not None else []
    parts += [f"--{_spelled(role)}={column}" for role, column in request.columns.items() if column]
    parts += [f"--preset={request.preset}"] if request.preset else []
    parts += [option_of(name, value) for name, value in request.settings.items()]
    files = {_spelled(name): path for name, path in request.files.items() if path}
    parts += [f"--{name}={path}" for name, path in files.items() if command == RUN or name in _FILES_OF_CHECK]
    return parts + ([f"--out={request.out}"] if request.out else [])


def option_of(name: str, value: Any) -> str:
    """One setting: `--window=14`, `--no-repair`, `--nb-predictive-windows=1,3`."""
    if isinstance(value, bool):
        return f"--{_spelled(name)}" if value else f"--no-{_spelled(name)}"
    if isinstance(value, (list, tuple)):
        value = _listed(value)
    return f"--{_spelled(name)}={value}"


def _listed(values: Sequence[Any]) -> str:
    """`1,3`; as JSON where a value holds a comma itself, of either width, or where the engine would expect JSON."""
    plain = ",".join(str(value) for value in values)
    has_comma = any(comma in str(value) for value in values for comma in (",", "\uff0c"))
    return json.dumps(values, ensure_ascii=False) if has_comma or plain.lstrip().startswith("[") else plain


def _place(source: Source, written: Mapping[str, str]) -> str:
    return written.get(source.key) or source.path


def _spelled(name: str) -> str:
    return name.replace("_", "-")
