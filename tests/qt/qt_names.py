"""Every name of Qt that the plugin's code says, and whether a binding of Qt has it.

python qt_names.py PyQt6 FOLDER     what PyQt6 has not, as JSON: [[file, line, name], ...]
python qt_names.py PyQt5            every class of PyQt5 with its attributes, as JSON
"""

from __future__ import annotations

import ast
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MODULES = ("QtCore", "QtGui", "QtWidgets", "QtSvg", "QtTest", "QtNetwork", "QtPrintSupport", "QtXml", "uic", "sip")


def said(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, `QtCore.Qt.ItemDataRole.DisplayRole`) of every chain of names that begins in Qt."""
    bound = dict(_imported(tree))
    bound.update(_aliases(tree, bound))
    yield from ((node.lineno, f"{module}.{name}") for node, module, name in _of_modules(tree))
    for node, (first, *rest) in _chains(tree):
        if first in bound:
            yield node.lineno, ".".join([bound[first], *rest])


def elsewhere(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, attribute) of every chain that begins in something else: a widget, an event, a value."""
    bound = dict(_imported(tree))
    bound.update(_aliases(tree, bound))
    foreign = {name for name, chain in _assigned(tree) if chain[0].startswith("Qgs")}
    choices = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and _is_choice(node.value)]
    foreign |= {name.id for node in choices for name in node.targets if isinstance(name, ast.Name)}
    for node, (first, *rest) in _chains(tree):
        if first not in bound and first not in foreign and not first.startswith("Qgs") and first != "Qgis":
            yield from ((node.lineno, name) for name in rest)


def _chains(tree: ast.Module) -> Iterator[tuple[ast.Attribute, list[str]]]:
    """Every whole chain of names: `a.b.c`, not the `a.b` within it."""
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    second = {id(node) for node in _fall_backs(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and id(node) not in inner | second:
            yield node, _chain(node)


def _fall_backs(tree: ast.Module) -> Iterator[ast.expr]:
    """The second half of `getattr(QtGui, "QAction", None) or QtWidgets.QAction`: there only where the first is not."""
    for node in ast.walk(tree):
        if _is_choice(node):
            yield from node.values[1:]


def _is_choice(node: ast.AST) -> bool:
    """Whether *node* asks one Qt for a name and falls back on the other's."""
    return (
        isinstance(node, ast.BoolOp)
        and isinstance(node.op, ast.Or)
        and isinstance(node.values[0], ast.Call)
        and getattr(node.values[0].func, "id", "") == "getattr"
    )


def _assigned(tree: ast.Module) -> Iterator[tuple[str, list[str]]]:
    """`states = QtCore.Qt.CheckState` as its name and its chain; pairs too."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        target, value = node.targets[0], node.value
        pairs = (
            zip(target.elts, value.elts, strict=False)
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            else [(target, value)]
        )
        for name, it in pairs:
            if isinstance(name, ast.Name) and isinstance(it, ast.Attribute | ast.Name):
                yield name.id, _chain(it)


def _aliases(tree: ast.Module, bound: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Names that stand for a class or an enumeration of Qt."""
    for name, (first, *rest) in _assigned(tree):
        if first in bound and (rest[-1:] or [first])[0][:1].isupper():
            yield name, ".".join([bound[first], *rest])


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Name in the file -> the module or class of Qt it stands for."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom):
            continue
        source = (node.module or "").split(".")
        for alias in node.names:
            if source[-1] in MODULES and source[0] in ("qgis", "PyQt5", "PyQt6"):
                yield alias.asname or alias.name, f"{source[-1]}.{alias.name}"
            elif alias.name in MODULES and source[-1] in ("qt", "PyQt", "PyQt5", "PyQt6"):
                yield alias.asname or alias.name, alias.name
            elif source[-1] == "qt" and alias.name == "QAction":
                yield alias.asname or alias.name, "QtGui.QAction"


def _of_modules(tree: ast.Module) -> Iterator[tuple[ast.ImportFrom, str, str]]:
    """`from qgis.PyQt.QtCore import QUrl`: the import itself says a name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level and ".PyQt." in f"{node.module}.":
            module = (node.module or "").split(".")[-1]
            yield from ((node, module, alias.name) for alias in node.names if module in MODULES)


def _chain(node: ast.expr) -> list[str]:
    """`a.b.c` as its names; a chain that begins in a call or an index begins with an empty one."""
    if isinstance(node, ast.Attribute):
        return [*_chain(node.value), node.attr]
    return [node.id] if isinstance(node, ast.Name) else [""]


def missing(binding: str, folder: Path) -> list[list[Any]]:
    """[file, line, name] of every name that the *binding* does not have."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        for line, name in said(ast.parse(path.read_text(encoding="utf-8"))):
            if not _has(binding, name):
                found.append([path.relative_to(folder).as_posix(), line, name])
    return found


def _has(binding: str, name: str) -> bool:
    module, *rest = name.split(".")
    try:
        it = importlib.import_module(f"{binding}.{module}")
        for part in rest:
            it = getattr(it, part)
    except (ImportError, AttributeError):
        return False
    return True


def attributes(binding: str) -> dict[str, list[str]]:
    """Class -> its attributes, for the modules a desktop program uses."""
    found = {}
    for module in ("QtCore", "QtGui", "QtWidgets"):
        for name, it in vars(importlib.import_module(f"{binding}.{module}")).items():
            if isinstance(it, type):
                found[name] = sorted(attribute for attribute in dir(it) if not attribute.startswith("_"))
    return found


if __name__ == "__main__":
    asked = sys.argv[1:]
    print(json.dumps(missing(asked[0], Path(asked[1])) if len(asked) == 2 else attributes(asked[0])))
