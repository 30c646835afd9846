"""Ready for QGIS 4: every name of Qt that the plugin says is in Qt 6 and in Qt 5, and its rooms load under PyQt6.

No QGIS 4 is to be had here; so QGIS's classes are stood in for, and the rooms that need only Qt really run.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
import qt_names

HERE = Path(__file__).parent / "qt"
BOTH = all(importlib.util.find_spec(binding) for binding in ("PyQt5", "PyQt6"))
pytestmark = pytest.mark.skipif(not BOTH, reason="the dev extra brings PyQt5 and PyQt6")


def ask(*arguments: str | Path) -> object:
    """The answer of a script, in a process of its own: two Qts do not live in one."""
    done = subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.mark.parametrize("binding", ["PyQt5", "PyQt6"])
def test_every_name_of_qt_is_there(root, binding):
    """Unscoped enums, moved classes and removed names are not in PyQt6; what came later is not in PyQt5."""
    assert ask(HERE / "qt_names.py", binding, root / "plugin") == []


def test_no_attribute_is_one_that_qt_6_has_dropped(root):
    """`exec_`, `globalPosF`, `sender.Accepted`: said on an object, so only the name can tell."""
    five, six = (ask(HERE / "qt_names.py", binding) for binding in ("PyQt5", "PyQt6"))
    dropped = {name for kind, names in five.items() if kind in six for name in names}
    dropped -= {name for names in six.values() for name in names}
    assert {"exec_", "AlignLeft", "globalPosF"} <= dropped
    found = []
    for path in sorted((root / "plugin").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        own |= {
            node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        }
        own |= {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom | ast.Import)
            for alias in node.names
        }
        found += [f"{path.name}:{line} {name}" for line, name in qt_names.elsewhere(tree) if name in dropped - own]
    assert found == []


OFFENCES = {
    "from ..qt import QtCore\nx = QtCore.Qt.AlignLeft": "QtCore.Qt.AlignLeft",
    "from qgis.PyQt.QtCore import Qt\nx = Qt.DisplayRole": "QtCore.Qt.DisplayRole",
    "from ..qt import QtWidgets\nbox = QtWidgets.QDialog\nx = box.Accepted": "QtWidgets.QDialog.Accepted",
    "from qgis.PyQt.QtWidgets import QAction": "QtWidgets.QAction",
    "from qgis.PyQt.QtCore import QRegExp": "QtCore.QRegExp",
    "from ..qt import QtWidgets\nx = QtWidgets.QApplication.desktop": "QtWidgets.QApplication.desktop",
}


@pytest.mark.parametrize("code", OFFENCES)
def test_a_name_that_qt_6_has_not_is_found(tmp_path, code):
    (tmp_path / "dock.py").write_text(code, encoding="utf-8")
    found = ask(HERE / "qt_names.py", "PyQt6", tmp_path)
    assert [row[2] for row in found] == [OFFENCES[code]]
    assert ask(HERE / "qt_names.py", "PyQt5", tmp_path) == []


def test_the_rooms_that_need_qgis_load_under_qt_6(root):
    """QGIS's classes stood in for, Qt 6 behind `qgis.PyQt`: every module of the plugin is imported."""
    told = ask(HERE / "import_under_qt6.py", root)
    assert told["failed"] == {}
    assert told["qt"].startswith("6.") and {"gridbeacon.plugin.gridbeacon_plugin"} <= set(told["loaded"])
    assert told["font"]
