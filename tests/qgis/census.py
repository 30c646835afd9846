"""What a plugin may leave behind in a QGIS session, counted; and a reload as the plugin manager does it.

Used headless and inside the real desktop.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections import Counter
from types import FunctionType
from typing import Any

import qgis.utils
from qgis.core import QgsApplication, QgsExpression, QgsProject
from qgis.gui import QgsGui
from qgis.PyQt.QtCore import QCoreApplication, QEvent, QMetaMethod, QObject, QThreadPool
from qgis.PyQt.QtWidgets import QAction, QApplication


def settle() -> None:
    """Let everything happen that was put off: events, deletions, Python's cycles."""
    for _ in range(3):
        QCoreApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        gc.collect()


def census(name: str, iface: Any, patience: float = 10.0) -> dict[str, Any]:
    """Kind of thing -> how many of it there are now. What is the plugin's own is named.

    Threads that only finish a piece of work, such as the sweep, get *patience* seconds to end.
    """
    settle()
    window, project = iface.mainWindow(), QgsProject.instance()
    watched = {
        "project": project,
        "tree": project.layerTreeRoot(),
        "application": QgsApplication.instance(),
        "processing": QgsApplication.processingRegistry(),
        "tasks": QgsApplication.taskManager(),
        "canvas": iface.mapCanvas(),
        "layer view": iface.layerTreeView(),
        "window": window,
        "iface": iface,
    }
    return {
        "children": Counter(_named(child) for child in window.findChildren(QObject) if not _is_line(child)),
        "actions": Counter(action.objectName() for action in window.actions()),
        "windows": Counter(_named(widget) for widget in QApplication.topLevelWidgets()),
        "receivers": {f"{label}.{signal}": n for label, it in watched.items() for signal, n in receivers(it).items()},
        "providers": sorted(provider.id() for provider in QgsApplication.processingRegistry().providers()),
        "item providers": sorted(provider.name() for provider in QgsApplication.dataItemProviderRegistry().providers()),
        "functions": QgsExpression.functionCount(),
        "browser": len(QgsGui.dataItemGuiProviderRegistry().providers()),
        "map tool": type(iface.mapCanvas().mapTool()).__name__,
        "registered": {kind: len(what) for kind, what in getattr(iface, "registered", {}).items() if what},
        "tasks": QgsApplication.taskManager().count(),
        "threads": Counter(thread.name for thread in at_rest(patience)),
        "pool": {"active": QThreadPool.globalInstance().activeThreadCount()},
        "modules": sorted(key for key in sys.modules if key == name or key.startswith(f"{name}.")),
        "objects": own_objects(name),
        "paths": Counter(sys.path),
        "hooks": [repr(sys.excepthook), *(repr(finder) for finder in sys.meta_path)],
    }


def at_rest(seconds: float) -> list[threading.Thread]:
    """The threads that have not ended within so many seconds."""
    until = time.monotonic() + seconds
    pool = QThreadPool.globalInstance()
    while (threading.active_count() > 1 or pool.activeThreadCount()) and time.monotonic() < until:
        settle()
        time.sleep(0.02)
    return threading.enumerate()


def receivers(it: QObject) -> dict[str, int]:
    """Signal of *it* -> how many are connected, for those that have any."""
    meta = it.metaObject()
    methods = [meta.method(number) for number in range(meta.methodCount())]
    signals = [m for m in methods if m.methodType() == QMetaMethod.MethodType.Signal]
    counted = {signature: _connected(it, signature) for signature in (_text(m) for m in signals)}
    return {signature: n for signature, n in counted.items() if n}


def _text(method: QMetaMethod) -> str:
    return bytes(method.methodSignature()).decode()


def _connected(it: QObject, signature: str) -> int:
    """PyQt counts through the bound signal; some have no type in Python, and of some windows it may not be asked."""
    name, _, arguments = signature.rstrip(")").partition("(")
    try:
        bound = getattr(it, name)
        return it.receivers(bound[tuple(arguments.split(","))] if arguments else bound)
    except (AttributeError, KeyError, TypeError, RuntimeError):
        return 0


def own_objects(name: str) -> Counter[str]:
    """The plugin's instances, classes and functions that Python still holds: a connected lambda is one."""
    found: Counter[str] = Counter()
    for it in gc.get_objects():
        named = it if isinstance(it, (type, FunctionType)) else type(it)
        module = str(named.__module__)
        if module == name or module.startswith(f"{name}."):
            kind = "class " if isinstance(it, type) else "function " if named is it else ""
            found[f"{kind}{module}.{named.__qualname__}"] += 1
    return found


def _is_line(it: QObject) -> bool:
    """A line of a menu: QGIS itself loses one in its Plugins menu whenever the last plugin leaves it."""
    return isinstance(it, QAction) and it.isSeparator()


def _named(it: QObject) -> str:
    words = it.objectName() or (it.text() if isinstance(it, QAction) else "")
    return f"{type(it).__name__}:{words}"


def reload(name: str) -> None:
    """Unload, forget the modules, load and start: what QGIS's own plugin reloader does."""
    unload(name)
    if not qgis.utils.loadPlugin(name) or not qgis.utils.startPlugin(name):
        raise RuntimeError(f"the plugin {name!r} does not start again")


def unload(name: str) -> None:
    """Take the plugin out, its modules too."""
    qgis.utils.unloadPlugin(name)
    for module in [key for key in sys.modules if key == name or key.startswith(f"{name}.")]:
        del sys.modules[module]


def more(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What *after* has that *before* had not."""
    return {kind: grown for kind in before if (grown := _grown(before[kind], after[kind]))}


def _grown(before: Any, after: Any) -> Any:
    if isinstance(before, dict):
        return {key: n - before.get(key, 0) for key, n in after.items() if n > before.get(key, 0)}
    if isinstance(before, list):
        return [item for item in after if item not in before]
    return [before, after] if after != before else None
