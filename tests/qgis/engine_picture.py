"""The Engine page of a fresh profile in the real QGIS desktop, as a picture.

python tests/qgis/engine_picture.py PICTURE.png [--locale zh-Hans]
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from desktop import drive, make_small, own_profile

SIZE, PAGE = (1100, 740), (780, 500)


def main() -> None:
    """Take the picture of the documentation, at most 300 kB."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--locale", default="zh-Hans")
    parser.add_argument("--zip", action="store_true", help="the plugin manager's page instead")
    options = parser.parse_args()
    with own_profile(options.locale) as folder:
        wish = {"name": "gridbeacon", "size": SIZE, "page": PAGE, "zip": r"D:\gridbeacon\gridbeacon.zip"}
        startup = "zip_startup.py" if options.zip else "engine_startup.py"
        environment = {name: text for name, text in os.environ.items() if name != "GRIDBEACON_ENGINE_PYTHON"}
        told = drive(folder / "profiles", folder / "work", wish, environment, options.picture, startup)
    place = "792x285+60+60" if options.zip else f"{SIZE[0]}x{SIZE[1]}+0+0"
    make_small(options.picture, 200, "-crop", place, "+repage")
    print(json.dumps(told, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
