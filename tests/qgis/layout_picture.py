"""The picture of the print layout in docs/: run by QGIS's own Python, with the plugin's parent folder on its path.

/usr/bin/python3 tests/qgis/layout_picture.py RUN PICTURE.png [locale]
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parents[3]))

from qgis.core import QgsApplication, QgsLayoutExporter, QgsProject, QgsSettings

PACKAGE = Path(__file__).parents[2].name
DOTS_PER_INCH = 137
"""A page of A4 is then 1600 pixels wide."""


def main() -> None:
    """Draw the first page."""
    run, picture, locale = Path(sys.argv[1]), sys.argv[2], (sys.argv[3:] or ["zh_CN"])[0]
    application = QgsApplication([], True)
    application.initQgis()
    QgsSettings().setValue("locale/overrideFlag", True)
    QgsSettings().setValue("locale/userLocale", locale)
    room = __import__(f"{PACKAGE}.plugin.project.atlas", fromlist=["atlas"])
    room.show_run(run, QgsProject.instance())
    layout = room.make_layout(run, QgsProject.instance())
    layout.atlas().beginRender()
    layout.atlas().first()
    settings = QgsLayoutExporter.ImageExportSettings()
    settings.dpi = DOTS_PER_INCH
    settings.generateWorldFile = False
    QgsLayoutExporter(layout).exportToImage(picture, settings)
    small = ["+dither", "-colors", "200", "-define", "png:compression-level=9", f"PNG8:{picture}"]
    subprocess.run(["convert", picture, "-background", "white", "-flatten", *small], check=True, timeout=60)
    sys.stdout.flush()
    os._exit(0)  # QGIS may crash while Python takes it apart


main()
