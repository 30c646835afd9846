"""The engine's door: lets `PYTHON -m gridbeacon` find the copy of the code this file belongs to.

This folder alone goes into PYTHONPATH, so the engine runs the plugin's own code under the name `gridbeacon`, whatever
name the plugin was unzipped under, and no other plugin beside it can stand in front of an installed package.
GRIDBEACON_PACKAGES names a folder that stands in for the site packages of this Python: of two numpys only one is there.
"""

import importlib.util
import os
import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SITES = {"site-packages", "dist-packages"}


def use_packages(folder):
    """Import packages from *folder*, and from no other place but the standard library."""
    sys.path[:] = [entry for entry in sys.path if Path(entry).name not in SITES and entry != folder] + [folder]


def load_package():
    """Import the plugin's root as `gridbeacon` in place of this file."""
    spec = importlib.util.spec_from_file_location(
        "gridbeacon", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
    )
    package = importlib.util.module_from_spec(spec)
    sys.modules["gridbeacon"] = package
    spec.loader.exec_module(package)


if os.environ.get("GRIDBEACON_PACKAGES"):
    use_packages(os.environ["GRIDBEACON_PACKAGES"])
load_package()
if __name__ == "__main__":
    runpy.run_module("gridbeacon", run_name="__main__", alter_sys=True)
