"""Tells what a Python is and which of the engine's packages it has: one JSON object on stdout.

    python probe.py REQUIREMENTS

Packages are looked for in the folder GRIDBEACON_PACKAGES names, else where this Python looks. Nothing is imported of
them: a broken package must not keep the others from being told. On its own, any Python from 3.9 on.
"""

import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import sys
import sysconfig
from pathlib import Path


def release(version):
    """(1, 26, 4) of `1.26.4rc1`: what a floor is compared with; (0,) of what is no number."""
    found = re.match(r"\d+(?:\.\d+)*", version or "")
    return tuple(int(part) for part in found.group().split(".")) if found else (0,)


def installed():
    """Version by normal name of every package found; the first one of a name is the one that is imported."""
    folder = os.environ.get("GRIDBEACON_PACKAGES")
    found = importlib.metadata.distributions(**({"path": [folder]} if folder else {}))
    versions = {}
    for package in found:
        name = package.metadata["Name"]
        if name:
            versions.setdefault(normal(name), package.version)
    return versions


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted(path):
    """(name, floor) of every line."""
    lines = [line.split("#")[0].strip() for line in Path(path).read_text(encoding="utf-8").splitlines()]
    return [tuple(part.strip() for part in (line + ">=").split(">=")[:2]) for line in lines if line]


def main():
    there = installed()
    packages = []
    for name, floor in wanted(sys.argv[1]):
        version = there.get(normal(name))
        fine = version is not None and release(version) >= release(floor)
        packages.append({"name": name, "floor": floor, "version": version, "ok": fine})
    told = {
        "version": platform.python_version(),
        "executable": sys.executable,
        "platform": sysconfig.get_platform(),
        "tag": f"cp{sys.version_info[0]}{sys.version_info[1]}",
        "enough": sys.version_info >= (3, 11),
        "pip": importlib.util.find_spec("pip") is not None,
        "venv": all(importlib.util.find_spec(name) is not None for name in ("venv", "ensurepip")),
        "packages": packages,
    }
    print(json.dumps(told))


main()
