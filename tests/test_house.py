"""The house's rules, read from every import with `ast`; and each rule shown to fail on a planted offence."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GROUND = {"errors", "params", "cube"}
MAY_ENTER = {
    "errors": {"errors"},
    "params": {"errors", "params"},
    "cube": {"errors", "params", "cube"},
    "layers": GROUND | {"layers"},
    "models": GROUND | {"models"},
    "pipeline": GROUND | {"layers", "models", "pipeline", "sample_data"},
    "sample_data": GROUND | {"sample_data"},
    "cli": GROUND | {"layers", "models", "pipeline", "cli", "sample_data"},
    "plugin": {"errors", "params", "plugin", "layers.style", "layers.ledger", "layers.privacy.texts", "layers.chance"},
    "__main__": {"cli"},
    "__init__": set(),
}
"""Room -> what it may import of ours. A new room has to be entered here, on purpose."""

STDLIB_ONLY = (
    "errors.py",
    "params.py",
    "layers/style.py",
    "layers/ledger.py",
    "layers/ledger/",
    "layers/refusals/",
    "layers/privacy/texts.py",
    "layers/chance.py",
    "layers/columns/names.py",
    "plugin/",
)
"""Loaded inside QGIS, where packages with a compiled core of their own crash the process."""

DRIVERS = {"layers/ledger/postgres.py": {"psycopg"}}
"""Module -> what it may import when it is used; that importing the module does not, `LIGHT` shows."""

QT = {"qgis", "PyQt5", "PyQt6", "PySide2", "PySide6", "qtpy"}
FOLIUM = {"folium", "branca"}
ALLOWED_WITH_QT = QT | {"osgeo", "processing", "sip"}
NOT_THE_PACKAGE = {"tests", "benchmarks", "release", "docs", "build", "dist", "out"}
LONG = 400
MACHINE_PATHS = ("/" + "work/", "/" + "tmp/", "/" + "root/", "/" + "home/", "/" + "farm/", "." + "pyenv")


def modules(root: Path) -> Iterator[tuple[str, ast.Module]]:
    """(path inside the package, parsed file) of every module that ships."""
    for top in sorted(root.iterdir()):
        if top.name in NOT_THE_PACKAGE or top.name.startswith(".") or top.name == "setup.py":
            continue
        for path in sorted(top.rglob("*.py")) if top.is_dir() else [top] if top.suffix == ".py" else []:
            yield path.relative_to(root).as_posix(), parsed(path.read_text(encoding="utf-8"))


@cache
def parsed(text: str) -> ast.Module:
    """The tree of a module, for every rule the same; nobody changes it."""
    return ast.parse(text)


def imports(name: str, tree: ast.AST) -> Iterator[tuple[int, str, bool]]:
    """(line, dotted name inside the package or of a foreign package, is ours) of every import, lazy ones too."""
    here = name.removesuffix(".py").split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, False) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.lineno, node.module or "", False
        elif isinstance(node, ast.ImportFrom):
            above = here[: len(here) - node.level + 1]
            base = [*above, *([node.module] if node.module else [])]
            yield from ((node.lineno, ".".join([*base, alias.name]), True) for alias in node.names)


def _enters(target: str, allowed: set[str]) -> bool:
    return any(target == name or target.startswith(f"{name}.") for name in allowed)


def wrong_arrows(root: Path) -> list[str]:
    """Imports against the direction of the house."""
    found = []
    for name, tree in modules(root):
        room = name.removesuffix(".py").split("/")[0]
        if room not in MAY_ENTER:
            found.append(f"{name}: the house knows no room {room!r}")
            continue
        allowed = MAY_ENTER[room] | ({"plugin"} if name == "__init__.py" else set())
        for line, target, ours in imports(name, tree):
            if ours and not _enters(target, allowed) and target.split(".")[0] != "__version__":
                found.append(f"{name}:{line} {room} must not import {target}")
    return found


def absolute_imports(root: Path) -> list[str]:
    """Imports of our own name: QGIS loads the folder under whatever name it was unzipped."""
    return [
        f"{name}:{line} {target}"
        for name, tree in modules(root)
        for line, target, ours in imports(name, tree)
        if not ours and target.split(".")[0] == "gridbeacon"
    ]


def strangers(root: Path) -> list[str]:
    """Qt outside plugin/, folium outside layers/briefing, and foreign packages in the rooms that QGIS loads."""
    found = []
    for name, tree in modules(root):
        for line, target, ours in imports(name, tree):
            package = target.split(".")[0]
            if ours:
                continue
            if package in QT and not name.startswith("plugin/"):
                found.append(f"{name}:{line} Qt outside plugin/: {target}")
            if package in FOLIUM and not name.startswith(("layers/briefing.py", "layers/briefing/")):
                found.append(f"{name}:{line} folium outside layers/briefing: {target}")
            welcome = sys.stdlib_module_names | (ALLOWED_WITH_QT if name.startswith("plugin/") else set())
            welcome = welcome | DRIVERS.get(name, set())
            if name.startswith(STDLIB_ONLY) and package not in welcome:
                found.append(f"{name}:{line} only the standard library here: {target}")
    return found


def busy_fronts(root: Path) -> list[str]:
    """Package `__init__` files that import at the top level anything but the standard library."""
    return [
        f"{name}:{line} {target}"
        for name, tree in modules(root)
        if name.endswith("__init__.py")
        for line, target, ours in imports(name, ast.Module([n for n in tree.body if _is_import(n)], []))
        if ours or target.split(".")[0] not in sys.stdlib_module_names
    ]


def _is_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def machine_paths(root: Path) -> list[str]:
    """Text constants that name a path of some machine."""
    return [
        f"{name}:{node.lineno} {node.value[:60]!r}"
        for name, tree in modules(root)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if any(path in node.value for path in MACHINE_PATHS)
    ]


def loose_ends(root: Path) -> list[str]:
    """Bodies that do nothing, swallowed errors, asserts: what a user would meet as silence."""
    found = []
    for name, tree in modules(root):
        shapes_only = {id(method) for node in ast.walk(tree) if _is_protocol(node) for method in node.body}
        for node in ast.walk(tree):
            if isinstance(node, ast.Assert):
                found.append(f"{name}:{node.lineno} assert")
            if isinstance(node, ast.ExceptHandler) and len(node.body) == 1 and isinstance(node.body[0], ast.Pass):
                found.append(f"{name}:{node.lineno} an error is swallowed")
            if not isinstance(node, ast.FunctionDef) or id(node) in shapes_only:
                continue
            if all(_says_nothing(n) for n in node.body) and not _is_text(node.body[-1]):
                found.append(f"{name}:{node.lineno} {node.name} does nothing")
    return found


def _is_protocol(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef) and any("Protocol" in ast.dump(base) for base in node.bases)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _says_nothing(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def long_files(root: Path) -> list[str]:
    """Modules past the size at which a room becomes a folder."""
    return [f"{name}: {size} lines" for name, _ in modules(root) if (size := _lines(root / name)) > LONG]


def long_functions(root: Path) -> list[str]:
    """Functions whose body, without its docstring, has more than sixty lines."""
    found = []
    for name, tree in modules(root):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if _says_nothing(node.body[0]) and len(node.body) > 1 else node.body
                size = (body[-1].end_lineno or 0) - body[0].lineno + 1
                if size > 60:
                    found.append(f"{name}:{node.lineno} {node.name}: {size} lines")
    return found


def undocumented(root: Path) -> list[str]:
    """Public functions and classes of the engine without a docstring, or with an argument that has no type."""
    found = []
    for name, tree in modules(root):
        if name.startswith("plugin/"):  # Qt's overridden methods say nothing of their own
            continue
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
                continue
            if not ast.get_docstring(node):
                found.append(f"{name}:{node.lineno} {node.name} has no docstring")
            if isinstance(node, ast.FunctionDef) and not _is_typed(node):
                found.append(f"{name}:{node.lineno} {node.name} is not annotated")
    return found


def _is_typed(node: ast.FunctionDef) -> bool:
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return node.returns is not None and all(a.annotation for a in arguments if a.arg not in {"self", "cls"})


def _lines(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


RULES = [
    wrong_arrows,
    absolute_imports,
    strangers,
    busy_fronts,
    machine_paths,
    loose_ends,
    long_files,
    long_functions,
    undocumented,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(rule):
    assert rule(ROOT) == []


def test_folium_is_imported_in_one_module_only():
    found = {
        name for name, tree in modules(ROOT) for _, target, _ in imports(name, tree) if target.split(".")[0] in FOLIUM
    }
    assert found == {"layers/briefing/frame.py"}


PLANTED = [
    ("layers/grids.py", "from ..models.hotspot import GetisOrdHotspots", wrong_arrows),
    ("layers/grids.py", "from .. import models", wrong_arrows),
    ("layers/grids.py", "def f():\n    from ..models import hotspot", wrong_arrows),
    ("models/hotspot.py", "from ..layers.style import LEVELS", wrong_arrows),
    ("models/hotspot.py", "from ..pipeline import run", wrong_arrows),
    ("layers/deep/grids.py", "from ...pipeline import run", wrong_arrows),
    ("params.py", "from .cube import Counts", wrong_arrows),
    ("cube.py", "from .layers import grids", wrong_arrows),
    ("pipeline.py", "from .cli import main", wrong_arrows),
    ("cli.py", "from .plugin import engine", wrong_arrows),
    ("plugin/dock.py", "from ..cli import main", wrong_arrows),
    ("plugin/dock.py", "from ..layers.grids import read_cells", wrong_arrows),
    ("attic/thing.py", "x = 1", wrong_arrows),
    ("layers/grids.py", "from gridbeacon.errors import InputError", absolute_imports),
    ("models/hotspot.py", "import gridbeacon.cube", absolute_imports),
    ("layers/grids.py", "from qgis.core import QgsProject", strangers),
    ("pipeline.py", "def f():\n    import PyQt5.QtCore", strangers),
    ("layers/maps.py", "import folium", strangers),
    ("errors.py", "import numpy", strangers),
    ("layers/ledger/rows.py", "def f():\n    import psycopg", strangers),
    ("layers/style.py", "from matplotlib import colors", strangers),
    ("plugin/dock.py", "def f():\n    import geopandas", strangers),
    ("layers/__init__.py", "from .grids import read_cells", busy_fronts),
    ("models/__init__.py", "import numpy", busy_fronts),
    ("layers/grids.py", f"PATH = '{MACHINE_PATHS[0]}data'", machine_paths),
    ("layers/grids.py", "def f():\n    'Later.'\n    pass", loose_ends),
    ("layers/grids.py", "class A:\n    'A.'\n    def f(self):\n        ...", loose_ends),
    ("layers/grids.py", "try:\n    x = 1\nexcept ValueError:\n    pass", loose_ends),
    ("layers/grids.py", "assert True", loose_ends),
    ("layers/grids.py", "x = 1\n" * (LONG + 1), long_files),
    ("layers/grids.py", "def f():\n" + "    x = 1\n" * 61, long_functions),
    ("layers/grids.py", "def read(path: str) -> None:\n    return None", undocumented),
    ("layers/grids.py", "def read(path) -> None:\n    'Read it.'\n    return None", undocumented),
]


@pytest.mark.parametrize(("name", "text", "rule"), PLANTED, ids=lambda value: getattr(value, "__name__", None))
def test_a_planted_offence_is_found(tmp_path, name, text, rule):
    """The same tree without the offence is clean, with it the rule names the file."""
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "errors.py").write_text('"""Errors."""\n', encoding="utf-8")
    assert rule(tmp_path) == []
    (tmp_path / name).write_text(text, encoding="utf-8")
    (found,) = rule(tmp_path)
    assert found.startswith(name)


ALLOWED = [
    ("pipeline.py", "from .layers import grids\nfrom .models import hotspot\nfrom .cube import Counts"),
    ("cli.py", "from .pipeline import run\nimport click"),
    (
        "plugin/dock.py",
        "from qgis.PyQt.QtCore import QObject\nfrom ..layers.style import LEVELS\nfrom ..errors import InputError",
    ),
    ("layers/briefing.py", "import folium"),
    ("layers/maps.py", "class Sink(Protocol):\n    'Takes.'\n    def put(self) -> None:\n        'Take.'\n        ..."),
    ("layers/__init__.py", "from __future__ import annotations\nfrom typing import Any"),
    (
        "__init__.py",
        "def classFactory(iface: object) -> object:\n    'For QGIS.'\n    from .plugin import main\n    return main",
    ),
]


@pytest.mark.parametrize(("name", "text"), ALLOWED, ids=[name for name, _ in ALLOWED])
def test_what_is_allowed_is_not_reported(tmp_path, name, text):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert [found for rule in RULES for found in rule(tmp_path)] == []


LIGHT = [
    "gridbeacon",
    "gridbeacon.errors",
    "gridbeacon.params",
    "gridbeacon.layers",
    "gridbeacon.models",
    "gridbeacon.layers.style",
    "gridbeacon.layers.ledger.opening",
    "gridbeacon.layers.ledger.postgres",
    "gridbeacon.layers.privacy.texts",
    "gridbeacon.layers.chance",
]


@pytest.mark.parametrize("module", LIGHT)
def test_the_rooms_qgis_loads_bring_no_compiled_package(module):
    """Run in a fresh interpreter; what QGIS must never load is named."""
    heavy = [
        "numpy",
        "pandas",
        "scipy",
        "shapely",
        "geopandas",
        "pyogrio",
        "pyproj",
        "sklearn",
        "numba",
        "folium",
        "rasterio",
        "pyarrow",
        "psycopg",
    ]
    code = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(ROOT.anchor))
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
