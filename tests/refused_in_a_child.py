"""A file that is refused, read by a process of its own, so that the memory of reader and parser can be measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

_PROGRAM = """
import json, resource, sys, time
from gridbeacon.errors import InputError
from gridbeacon.layers import sandbox
from gridbeacon.layers.grids import read_cells
from gridbeacon.layers.incidents import read_incidents

def own_peak():
    # getrusage would count what the process this one was forked from had taken
    try:
        lines = open("/proc/self/status").read().splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024

start = time.monotonic()
try:
    {"incidents": read_incidents, "cells": read_cells}[sys.argv[1]](sys.argv[2])
    said = None
except InputError as error:
    said = [error.problem, error.where, error.fix]
seconds = time.monotonic() - start
sandbox._forget_server()
theirs = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
print(json.dumps([said, seconds, own_peak(), theirs]))
"""


def assert_refused_soon_and_small(reader: str, path: Path) -> None:
    """Reading *path* as `incidents` or `cells` is one clear error that names it, within 20 s and 1.5 GB."""
    told = [sys.executable, "-c", _PROGRAM, reader, str(path)]
    done = subprocess.run(told, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    said, seconds, ours, child = json.loads(done.stdout)
    assert said and all(said) and path.name in said[1]
    assert seconds < 20
    assert max(ours, child) < 1.5e9
