"""The engine's door: lets `PYTHON -m gridbeacon` find the copy of the code this file belongs to.

This folder alone goes into PYTHONPATH, so the engine runs the plugin's own code under the name `gridbeacon`, whatever
name the plugin was unzipped under, and no other plugin beside it can stand in front of an installed package.
"""

import importlib.util
import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def load_package():
    """Import the plugin's root as `gridbeacon` in place of this file."""
    spec = importlib.util.spec_from_file_location(
        "gridbeacon", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
    )
    package = importlib.util.module_from_spec(spec)
    sys.modules["gridbeacon"] = package
    spec.loader.exec_module(package)


load_package()
if __name__ == "__main__":
    runpy.run_module("gridbeacon", run_name="__main__", alter_sys=True)
