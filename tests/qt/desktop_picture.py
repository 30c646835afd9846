"""The picture of the window for the documentation: a run of the sample city, its warnings, on a screen of its own.

python tests/qt/desktop_picture.py docs/desktop.png [--locale zh] [--more FOLDER]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.append(str(ROOT / "tests" / "qgis"))
from desktop import screen  # noqa: E402

SIZE = (1280, 860)


def inside(picture: Path, more: Path | None) -> None:
    """Runs where the window is: drops the sample city, runs it, chooses the first warning, is photographed."""
    from gridbeacon.plugin.desktop import program

    application = program.make_application(["desktop"])
    from gridbeacon.plugin.desktop.menus import tell_about
    from gridbeacon.plugin.desktop.window import Window
    from gridbeacon.plugin.qt import QtCore

    window, later = Window(), QtCore.QTimer.singleShot
    window.host.open_file = lambda path: None
    sample = ROOT / "sample_data"

    def shoot(name: str) -> None:
        if more:
            subprocess.run(["import", "-window", "root", str(more / f"{name}.png")], check=True)

    def checked() -> None:
        shoot("form")
        window.open_engine_page()
        later(4000, engine_seen)

    def engine_seen() -> None:
        shoot("engine")
        window.engine_page.close()
        tell_about(window)
        later(1000, about_seen)

    def about_seen() -> None:
        shoot("about")
        application.activeWindow().close()
        window.dock.form.choices.files.choose({"responsible": str(sample / "responsible.csv")})
        window.dock.form.run()

    def finished(folder: str) -> None:
        later(3500, shown)

    def shown() -> None:
        window.statusBar().clearMessage()
        later(800, lambda: (subprocess.run(["import", "-window", "root", str(picture)], check=True), story()))

    def story() -> None:
        window.dock.tabs.setCurrentIndex(2)
        later(1500, lambda: (shoot("story"), window.close(), application.quit()))

    def begin() -> None:
        window.setGeometry(4, 26, SIZE[0] - 8, SIZE[1] - 30)
        window.take(
            [str(sample / f"incidents_{year}.csv.zip") for year in (2024, 2025)] + [str(sample / "cells.geojson.zip")]
        )
        later(12000, checked)

    window.dock.run_finished.connect(finished)
    window.show()
    later(1500, begin)
    later(150_000, application.quit)
    application.exec()


def main() -> None:
    """Make a screen and a window manager, and the picture small."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--locale", default="zh")
    parser.add_argument("--more", type=Path)
    parser.add_argument("--inside", action="store_true")
    options = parser.parse_args()
    if options.inside:
        inside(options.picture, options.more)
        return
    size = "x".join(str(part) for part in (*SIZE, 24))
    with tempfile.TemporaryDirectory() as home, screen(size) as display:
        kept = {**os.environ, "DISPLAY": display, "HOME": home, "XDG_CONFIG_HOME": f"{home}/config"}
        kept |= {"XDG_DATA_HOME": f"{home}/data", "GRIDBEACON_LANG": options.locale}
        kept.pop("QT_QPA_PLATFORM", None)
        manager = subprocess.Popen(["openbox"], env=kept, stderr=subprocess.DEVNULL)
        try:
            subprocess.run([sys.executable, __file__, *sys.argv[1:], "--inside"], env=kept, check=True, timeout=240)
        finally:
            manager.terminate()
            manager.wait(10)
    small = ["-trim", "+repage", "+dither", "-colors", "200", "-define", "png:compression-level=9"]
    subprocess.run(["convert", str(options.picture), *small, f"PNG8:{options.picture}"], check=True, timeout=60)


if __name__ == "__main__":
    main()
