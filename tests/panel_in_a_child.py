"""The panel of a unit's story under one version of Qt, driven by keys and buttons; tells what it shows as JSON.

python panel_in_a_child.py PyQt6 FOLDER EXPORT.csv
"""

import json
import os
import sys
from pathlib import Path

binding, folder, export = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
sys.modules[{"PyQt5": "PyQt6", "PyQt6": "PyQt5"}[binding]] = None  # the other one is not there
os.environ["QT_QPA_PLATFORM"] = "offscreen"

from gridbeacon.plugin.qt import QtCore, QtGui, QtWidgets  # noqa: E402
from gridbeacon.plugin.story.panel import StoryPanel  # noqa: E402

application = QtWidgets.QApplication([])
states, failed, shown = {}, [], []
panel = StoryPanel(lambda: states)
panel.failed.connect(lambda error: failed.append([error.problem, error.fix]))
panel.shown.connect(lambda where, cell_id: shown.append(cell_id))
panel.resize(400, 900)
panel.show()
told = {"qt": QtCore.QT_VERSION_STR[0], "empty": panel.subtitle.text()}


def words():
    """Everything that is said, and that none of it is taken for HTML."""
    application.processEvents()
    labels = [label for label in panel.findChildren(QtWidgets.QLabel) if label.isVisible() and label.text()]
    plain = all(label.textFormat() == QtCore.Qt.TextFormat.PlainText for label in labels)
    wide = max(label.mapTo(panel, QtCore.QPoint(label.width(), 0)).x() for label in labels)
    return {"labels": [label.text() for label in labels], "plain": plain, "fits": wide <= panel.width()}


def press(widget, key, modifier=QtCore.Qt.KeyboardModifier.NoModifier):
    """One key, down and up."""
    for kind in (QtCore.QEvent.Type.KeyPress, QtCore.QEvent.Type.KeyRelease):
        event = QtGui.QKeyEvent(kind, key, modifier)
        QtWidgets.QApplication.sendEvent(widget, event)


told["found"] = panel.show_cell(folder, "G1")
told["unit"] = words()
told["bars"] = [bar.value for bar in panel.series.bars]
told["shaded"] = [place for place, bar in enumerate(panel.series.bars) if bar.shaded]
told["missing"] = [place for place, bar in enumerate(panel.series.bars) if bar.missing]
told["spoken"] = [plot.accessibleDescription() for plot in (panel.series, panel.hours, panel.weekdays, panel.classes)]
press(panel.series, QtCore.Qt.Key.Key_Right)
press(panel.series, QtCore.Qt.Key.Key_Right)
told["tooltip"] = QtWidgets.QToolTip.text()
told["drawn"] = not panel.grab().isNull()
states["w1"] = "已交办"
panel.hide()
panel.propose(folder, "G1")  # a warning was chosen in another tab
told["waits"] = list(shown)
panel.show()
told["judged"] = words()["labels"]
QtWidgets.QFileDialog.getSaveFileName = staticmethod(lambda *_: (export, ""))
panel.save.click()
press(panel, QtCore.Qt.Key.Key_Up, QtCore.Qt.KeyboardModifier.AltModifier)
told["above"] = words()["labels"]
panel.show_cell(folder, "G2")
told["calm"] = words()["labels"]
told["calm_plots"] = panel.plots.isVisible()
told["unknown"] = panel.show_cell(folder, "nowhere")
told["gone"] = panel.show_cell(folder / "gone", "G1")
told.update(shown=shown, failed=failed, stays=panel.story.unit.cell_id)
print(json.dumps(told, ensure_ascii=False))
