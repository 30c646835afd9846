"""The real QGIS desktop on a screen of its own: started, driven from inside, photographed, left.

    python tests/qgis/desktop.py PICTURE.png [--locale zh-Hans]

makes the picture of the documentation with the sample city.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
INI = """[PythonPlugins]
{name}=true
processing=true

[qgis]
checkVersion=false
showTips=false
askToSaveProjectChanges=false
enableMacros=never

[Processing]
Configuration\\PREFER_FILENAME_AS_LAYER_NAME=false

[locale]
overrideFlag=true
userLocale={locale}

[UI]
toolIconSize=24
"""


@contextlib.contextmanager
def screen(size: str = "1600x1000x24") -> Iterator[str]:
    """An X server without a screen; gives its DISPLAY."""
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", size, "-nolisten", "tcp"],
        pass_fds=[writer],
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    try:
        with os.fdopen(reader) as pipe:
            yield f":{pipe.readline().strip()}"
    finally:
        server.terminate()
        server.wait(10)


def write_profile(profiles: Path, name: str, locale: str) -> None:
    """Settings of a profile in which the plugin is switched on and nothing asks a question."""
    settings = profiles / "default" / "QGIS"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "QGIS3.ini").write_text(INI.format(name=name, locale=locale), encoding="utf-8")


def drive(
    profiles: Path,
    folder: Path,
    wish: dict[str, Any],
    environment: dict[str, str],
    picture: Path,
    startup: str = "desktop_startup.py",
) -> dict[str, Any]:
    """Start QGIS, let it do the *wish*, photograph the window; returns what QGIS reports, with its exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "wish.json").write_text(json.dumps({**wish, "folder": str(folder)}, ensure_ascii=False), encoding="utf-8")
    with screen() as display:
        clean = {
            **environment,
            "DISPLAY": display,
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "GRIDBEACON_WISH": str(folder / "wish.json"),
            "GRIDBEACON_SCRIPTS": str(HERE),
        }
        for name in ("QT_QPA_PLATFORM", "QGIS_CUSTOM_CONFIG_PATH", "PYTHONPATH"):
            clean.pop(name, None)
        command = [
            "qgis",
            "--nologo",
            "--noversioncheck",
            "--profiles-path",
            str(profiles.parent),
            "--profile",
            "default",
        ]
        with (folder / "qgis.log").open("wb") as log:
            desktop = subprocess.Popen([*command, "--code", str(HERE / startup)], env=clean, stdout=log, stderr=log)
            try:
                _wait(folder, desktop, wish.get("patience", 300) + 90)
                if (folder / "READY").exists():
                    subprocess.run(["import", "-window", "root", str(picture)], env=clean, check=True, timeout=60)
                (folder / "LEAVE").write_text("", encoding="utf-8")
                code = desktop.wait(60)
            finally:
                if desktop.poll() is None:
                    desktop.kill()
    report = folder / "report.json"
    told = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    return {
        **told,
        "exit_code": code,
        "qgis_log": (folder / "qgis.log").read_text(encoding="utf-8", errors="replace")[-3000:],
    }


def _wait(folder: Path, desktop: subprocess.Popen, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and desktop.poll() is None:
        if (folder / "READY").exists() or (folder / "report.json").exists():
            return
        time.sleep(0.2)


def city_parameters(plugin: Path, out: Path) -> dict[str, Any]:
    """The sample city as parameters of gridbeacon:run."""
    sample = plugin / "sample_data"
    return {
        "INCIDENT_FILES": [str(sample / name) for name in ("incidents_2024.csv.zip", "incidents_2025.csv.zip")],
        "CELLS": str(sample / "cells.geojson.zip"),
        "RESPONSIBLE": str(sample / "responsible.csv"),
        "OUTPUT": str(out),
    }


@contextlib.contextmanager
def own_profile(locale: str) -> Iterator[Path]:
    """A folder for a while, with `profiles` whose plugin is this very package; QGIS does not call it temporary."""
    (ROOT / "out").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "out") as scratch:
        folder = Path(scratch)
        plugins = folder / "profiles" / "default" / "python" / "plugins"
        plugins.mkdir(parents=True)
        (plugins / "gridbeacon").symlink_to(ROOT)
        write_profile(folder / "profiles", "gridbeacon", locale)
        yield folder


def make_small(picture: Path, colours: int, *more: str) -> None:
    """A picture of the documentation: few colours, at most 300 kB; *more* is said to ImageMagick first."""
    small = [*more, "+dither", "-colors", str(colours), "-define", "png:compression-level=9", f"PNG8:{picture}"]
    subprocess.run(["convert", str(picture), *small], check=True, timeout=60)


def main() -> None:
    """Take the picture of the documentation."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--locale", default="en_US")
    parser.add_argument("--more", type=Path, help="folder for pictures of the dialog before, during and after the run")
    options = parser.parse_args()
    with own_profile(options.locale) as folder:
        wish = {
            "name": "gridbeacon",
            "parameters": city_parameters(ROOT, folder / "runs"),
            "table": True,
        }
        environment = {**os.environ, "GRIDBEACON_ENGINE_PYTHON": sys.executable}
        told = drive(folder / "profiles", folder / "work", wish, environment, options.picture)
        for taken in (folder / "work").glob("*.png") if options.more else []:
            shutil.copy(taken, options.more / taken.name)
    make_small(options.picture, 220)
    print(json.dumps({key: value for key, value in told.items() if key != "ticks"}, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
