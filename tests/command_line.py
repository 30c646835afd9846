"""The engine in a process of its own, and what it says line by line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def engine(arguments, **more):
    """The engine in a process of its own."""
    command = [sys.executable, "-m", "gridbeacon", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=Path(sys.prefix), **more)


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]
