"""For what and for when: the preset, the moment of decision, the window before it."""

from __future__ import annotations

from typing import Any

from ..qt import QtCore, QtWidgets, Signal
from ..schema import help_of, label_of, unit_of
from ..words import pick, tr
from .pieces import Combo, MomentBox, WholeBox, in_a_row, narrow, plain_tip, words
from .settings import value_in_words

DAY, MOMENT = "yyyy-MM-dd", "yyyy-MM-ddTHH:mm"
SHOWN = "yyyy-MM-dd HH:mm"


class Period(QtCore.QObject):
    """Preset, moment and window. A preset tells what it is for and what it sets."""

    changed = Signal()

    def __init__(self, run: dict[str, Any]):
        super().__init__()
        self.params = {param["name"]: param for param in run["params"]}
        self.presets = {preset["name"]: preset for preset in run.get("presets", [])}
        self.preset_box = Combo()
        self.preset_box.setObjectName("preset")
        narrow(self.preset_box, 6)
        self.preset_box.setToolTip(tr("Settings for a purpose; what you change yourself stays as you set it."))
        for preset in self.presets.values():
            self.preset_box.addItem(pick(preset["name"].capitalize(), preset.get("zh", "")), preset["name"])
        self.about = words(quiet=True)
        self._make_moment()
        self._make_window()
        self.preset_box.currentIndexChanged.connect(self._preset_changed)
        self._preset_changed()

    def _make_moment(self) -> None:
        self.found = tr("last complete day")
        self.latest = QtWidgets.QCheckBox(self.found)
        self.latest.setObjectName("latest")
        self.latest.setToolTip(tr("Up to the end of the last complete day. Without the tick: the moment beside it."))
        self.latest.setChecked(True)
        self.moment = MomentBox(QtCore.QDateTime(QtCore.QDate.currentDate(), QtCore.QTime(0, 0)))
        self.moment.setObjectName("as_of")
        self.moment.setCalendarPopup(True)
        self.moment.setDisplayFormat(SHOWN)
        self.moment.setToolTip(plain_tip(help_of(self.params.get("as_of", {}))))
        self.moment.hide()
        self.latest.toggled.connect(self._latest_turned)
        self.moment.dateTimeChanged.connect(lambda _: self.changed.emit())

    def _make_window(self) -> None:
        param = self.params.get("window", {})
        self.window_box = WholeBox()
        self.window_box.setObjectName("window")
        self.window_box.setRange(int(param.get("low") or 1), int(param.get("high") or 3660))
        self.window_box.setSuffix(f" {unit_of(param)}")
        self.window_box.setToolTip(plain_tip(help_of(param)))
        self.window_box.valueChanged.connect(lambda _: self.changed.emit())

    def rows(self) -> list[tuple[str, QtWidgets.QWidget]]:
        """(label, field), from the top."""
        moment = QtWidgets.QWidget()
        in_a_row(moment, self.moment, self.latest).setStretch(1, 1)
        return [
            (tr("Purpose"), self.preset_box),
            ("", self.about),
            (tr("Up to"), moment),
            (tr("Hot spots over"), self.window_box),
        ]

    def preset(self) -> str:
        """Name of the preset; empty for the one that is the defaults."""
        name = self.preset_box.currentData() or ""
        return name if self.sets() else ""

    def sets(self) -> dict[str, Any]:
        """What the preset sets."""
        return dict(self.presets.get(self.preset_box.currentData(), {}).get("settings", {}))

    def settings(self) -> dict[str, Any]:
        """`as_of` and `window`, where they differ from the preset and the defaults."""
        found: dict[str, Any] = {}
        if not self.latest.isChecked():
            moment = self.moment.dateTime()
            midnight = moment.time() == QtCore.QTime(0, 0)
            found["as_of"] = moment.toString(DAY if midnight else MOMENT)
        if self.window_box.value() != self._usual_window():
            found["window"] = self.window_box.value()
        return found

    def choose(self, preset: str, settings: dict[str, Any]) -> None:
        """Take up what was chosen earlier."""
        self.preset_box.setCurrentIndex(max(self.preset_box.findData(preset), 0))
        moment = QtCore.QDateTime.fromString(str(settings.get("as_of", "")), QtCore.Qt.DateFormat.ISODate)
        self.latest.setChecked(not moment.isValid())
        if moment.isValid():
            self.moment.setDateTime(moment)
        self.window_box.setValue(int(settings.get("window", self._usual_window())))

    def tell_latest(self, as_of: str) -> None:
        """What the last complete day was found to be; the moment begins there when another one is wanted."""
        found = QtCore.QDateTime.fromString(as_of, QtCore.Qt.DateFormat.ISODate)
        if self.latest.isChecked() and found.isValid():
            self.found = tr("last complete day: {day}", day=found.addMSecs(-1).toString(DAY))
            self.latest.setText(self.found)
            self.moment.blockSignals(True)
            self.moment.setDateTime(found)
            self.moment.blockSignals(False)

    def _usual_window(self) -> int:
        return int(self.sets().get("window", self.params.get("window", {}).get("default") or 28))

    def _latest_turned(self, latest: bool) -> None:
        self.moment.setVisible(not latest)
        self.latest.setText(self.found if latest else tr("last complete day"))
        self.changed.emit()

    def _preset_changed(self) -> None:
        preset = self.presets.get(self.preset_box.currentData(), {})
        named = [(self.params[name], value) for name, value in self.sets().items() if name in self.params]
        sets = " · ".join(f"{label_of(param)} {value_in_words(param, value)}" for param, value in named)
        self.about.setText("\n".join(filter(None, (pick(preset.get("help", ""), preset.get("help_zh", "")), sets))))
        self.window_box.setValue(self._usual_window())
        self.changed.emit()
