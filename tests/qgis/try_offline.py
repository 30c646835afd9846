"""Does with the offline zip for Linux what its guide says, in a fresh QGIS profile and without a network.

    python tests/qgis/try_offline.py dist/gridbeacon-offline-linux.zip

Unpacks it, puts the plugin into the profile, sets the engine up from `packages/` on the Engine page, runs the city.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

from desk import SCRIPTS, Desk
from desktop import city_parameters

ALONE = ("unshare", "-r", "-n")
PYTHON = "/usr/bin/python3"


def ask(desk: Desk, script: str, **wish: Any) -> dict[str, Any]:
    """Run a script of tests/qgis in the profile, with no network and no engine named; its answer."""
    command = [*ALONE, PYTHON, str(SCRIPTS / script), json.dumps({"name": desk.name, **wish})]
    environment = {**desk.environment(), "GRIDBEACON_ENGINE_PYTHON": ""}
    start = time.monotonic()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    print(f"{script}: {time.monotonic() - start:.0f} s")
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    """Exit code 1 where anything is not as the guide says."""
    with tempfile.TemporaryDirectory(prefix="离线 ") as scratch:
        folder = Path(scratch)
        with zipfile.ZipFile(sys.argv[1]) as archive:
            archive.extractall(folder)
        bundle = folder / Path(sys.argv[1]).stem
        desk = Desk(folder / "张三 文档", PYTHON)
        desk.plugin.parent.mkdir(parents=True)
        with zipfile.ZipFile(bundle / "gridbeacon.zip") as archive:
            archive.extractall(desk.plugin.parent)
        made = ask(desk, "open_engine_page.py", acts=["make"], wheels=str(bundle / "packages"))["made"]
        print(made["title"], made["state"], made["text"], sep="\n")
        parameters = city_parameters(desk.plugin, folder / "runs")
        city = [bundle / "sample_city" / Path(path).name for path in parameters["INCIDENT_FILES"]]
        parameters |= {
            "INCIDENT_FILES": [str(path) for path in city],
            "CELLS": str(city[0].with_name("cells.geojson.zip")),
        }
        told = ask(desk, "run_algorithm.py", parameters=parameters)
    print(told["error"] or f"{told['results']['WARNINGS']} warnings")
    sys.exit(bool(told["error"]) or made["title"] != "The engine is ready")


if __name__ == "__main__":
    main()
