"""Every other setting of the engine, from its schema: grouped, searched, those changed marked and set back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from ..qt import QtCore, QtWidgets, Signal
from ..schema import choice_of, help_of, label_of, unit_of
from ..words import tr
from .pieces import Combo, Fold, Steady, WholeBox, form_of, in_a_row, narrow, plain_tip, small_button, stacked, words

SLICE = 0.02
"""Seconds for which fields are made before the window goes on."""
FAR = 10**9
"""Bound of a number whose setting names none."""


def groups() -> list[tuple[str, tuple[str, ...]]]:
    """(title of a group, how the names of its settings begin); the last one takes what fits no other."""
    return [
        (tr("Briefing"), ("title", "city", "classification", "tiles", "map_credit", "line")),
        (tr("Time and class"), ("timezone", "bin", "calendar", "finest", "class_depth")),
        (tr("Data"), ("duplicate", "default_points", "burst", "code_", "redivision", "people", "cell_")),
        (tr("Number of warnings"), ("city_per_day", "street_per_week", "replay", "min_weeks")),
        (tr("Levels"), ("blue_", "yellow_", "orange_", "red_", "persistence", "quiet_steps")),
        (tr("Models"), ("models", "combination", "source_tail", "nb_predictive", "random_state")),
        (tr("Hot spots and density"), ("getis_ord", "kernel_density")),
        (tr("Further settings"), ("",)),
    ]


def value_in_words(param: dict[str, Any], value: Any) -> str:
    """A value as the form shows it."""
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if param["type"] == "choice":
        return choice_of(param, str(value))
    text = ", ".join(str(item) for item in value) if isinstance(value, (list, tuple)) else str(value)
    return f"{text} {unit_of(param)}".strip()


class Setting(QtWidgets.QWidget):
    """One setting: its field, and a button that sets it back."""

    changed = Signal()

    def __init__(self, param: dict[str, Any]):
        super().__init__()
        self.param, self.usual = param, param.get("default")
        self.setObjectName(f"setting_{param['name']}")
        self.label = words(label_of(param))
        self.label.setToolTip(plain_tip(explained(param)))
        self.field, self.read, self.write = _MAKERS[param["type"]](param, self._told)
        self.field.setToolTip(plain_tip(explained(param)))
        self.back = small_button("↺", tr("Set back to the default"))
        self.back.setAutoRaise(True)
        self.back.clicked.connect(self.set_back)
        keeps_its_place = self.back.sizePolicy()
        keeps_its_place.setRetainSizeWhenHidden(True)
        self.back.setSizePolicy(keeps_its_place)
        in_a_row(self, self.field, self.back)
        self.set_back()

    def value(self) -> Any:
        """The value as it stands."""
        return self.read()

    def is_changed(self) -> bool:
        """Whether the value is another one than the preset or the default gives."""
        return self.read() != _plain(self.param, self.usual)

    def take(self, value: Any) -> None:
        """Show *value*."""
        self.write(_plain(self.param, value))
        self._mark()

    def set_usual(self, usual: Any) -> None:
        """Another preset: the usual value is *usual*; a value of the user's own stays."""
        own = self.is_changed()
        self.usual = usual
        if not own:
            self.take(usual)
        self._mark()

    def set_back(self) -> None:
        """The usual value again."""
        self.take(self.usual)
        self.changed.emit()

    def matches(self, text: str) -> bool:
        """Whether name, label or help hold *text*."""
        facts = self.param
        return any(text in str(facts.get(key, "")).casefold() for key in ("name", "zh", "help", "help_zh"))

    def _told(self, *_: Any) -> None:
        self._mark()
        self.changed.emit()

    def _mark(self) -> None:
        changed = self.is_changed()
        font = self.label.font()
        font.setBold(changed)
        self.label.setFont(font)
        self.back.setVisible(changed)


class SettingsBox(QtWidgets.QWidget):
    """All settings but those that have a place of their own in the form. Built when it is first unfolded, a few at a
    time, for all of them at once would hold up the window.
    """

    changed = Signal()
    built = Signal()
    """Every field is there."""

    def __init__(self, params: list[dict[str, Any]]):
        super().__init__()
        self.params = params
        self._making = self._make()
        self.preset: dict[str, Any] = {}
        self.waiting: dict[str, Any] = {}
        """Values of settings that are not built yet."""
        self.settings: dict[str, Setting] = {}
        self.folds: list[tuple[Fold, list[Setting]]] = []
        self.is_built = False
        self.search = QtWidgets.QLineEdit()
        self.search.setObjectName("search")
        self.search.setPlaceholderText(tr("Search the settings"))
        self.search.setToolTip(tr("Shows the settings whose name or explanation holds these letters."))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.all_back = QtWidgets.QPushButton(tr("Reset all"))
        self.all_back.setToolTip(tr("Set every setting back to what the purpose gives."))
        self.all_back.clicked.connect(self.set_back)
        top = QtWidgets.QWidget()
        in_a_row(top, self.search, self.all_back)
        self.layout_of = stacked(self, top)

    def build(self) -> None:
        """Make the fields that are not there yet, a few at a time, while the window goes on."""
        until = time.monotonic() + SLICE
        for _ in self._making:
            if time.monotonic() > until:
                QtCore.QTimer.singleShot(0, self.build)
                return
        if not self.is_built:
            self.is_built = True
            self.built.emit()

    def _make(self) -> Iterator[Setting]:
        """Each setting in its group, as soon as it is made."""
        for title, params in self._grouped():
            content, made = QtWidgets.QWidget(), []
            layout = form_of(content)
            layout.setRowWrapPolicy(QtWidgets.QFormLayout.RowWrapPolicy.WrapLongRows)
            fold = Fold(title, content)
            self.folds.append((fold, made))
            self.layout_of.addWidget(fold)
            for param in params:
                setting = self._setting(param)
                layout.addRow(setting.label, setting)
                made.append(setting)
                yield setting
            if self.search.text():
                self._filter(self.search.text())

    def _setting(self, param: dict[str, Any]) -> Setting:
        name = param["name"]
        setting = self.settings[name] = Setting(param)
        setting.set_usual(self.preset.get(name, param.get("default")))
        setting.take(self.waiting.pop(name, setting.usual))
        setting.changed.connect(self.changed)
        return setting

    def _grouped(self) -> list[tuple[str, list[dict[str, Any]]]]:
        known = groups()
        found: list[tuple[str, list[dict[str, Any]]]] = [(title, []) for title, _ in known]
        for param in self.params:
            found[_group_of(param["name"], known)][1].append(param)
        return [(title, params) for title, params in found if params]

    def chosen(self) -> dict[str, Any]:
        """Setting -> value, where it is neither the preset's nor the default."""
        built = {name: setting.value() for name, setting in self.settings.items() if setting.is_changed()}
        return {**built, **self.waiting}

    def choose(self, settings: dict[str, Any]) -> None:
        """Take up what was chosen earlier."""
        known = {param["name"]: param for param in self.params}
        fits = {name: value for name, value in settings.items() if name in known and _is_fit(known[name], value)}
        self.waiting = {name: value for name, value in fits.items() if name not in self.settings}
        for name, setting in self.settings.items():
            setting.take(fits.get(name, setting.usual))

    def use_preset(self, sets: dict[str, Any]) -> None:
        """Take the values of a preset for the usual ones."""
        self.preset = sets
        for name, setting in self.settings.items():
            setting.set_usual(sets.get(name, setting.param.get("default")))

    def set_back(self) -> None:
        """Every setting at its usual value."""
        self.waiting = {}
        for setting in self.settings.values():
            setting.set_back()
        self.changed.emit()

    def _filter(self, text: str) -> None:
        wanted = text.strip().casefold()
        for fold, settings in self.folds:
            for setting in settings:
                shown = setting.matches(wanted)
                setting.setVisible(shown)
                setting.label.setVisible(shown)
            fold.setVisible(any(setting.matches(wanted) for setting in settings))
            fold.unfold(bool(wanted))


def _group_of(name: str, known: list[tuple[str, tuple[str, ...]]]) -> int:
    """The group whose beginning fits most of the *name*: `city_per_day` is none of `city`."""
    fits = [max((len(start) for start in starts if name.startswith(start)), default=-1) for _, starts in known]
    return fits.index(max(fits))


def explained(param: dict[str, Any]) -> str:
    """What a setting does, its range and its default."""
    lines = [help_of(param)]
    low, high = param.get("low"), param.get("high")
    if low is not None or high is not None:
        lines.append(f"{'' if low is None else f'{low:g}'} … {'' if high is None else f'{high:g}'} {unit_of(param)}")
    default = value_in_words(param, "" if param.get("default") is None else param.get("default"))
    return "\n".join([*lines, tr("Default: {value}", value=default)] if default else lines)


def _plain(param: dict[str, Any], value: Any) -> Any:
    """*value* as the field of its type gives it back."""
    if param["type"] == "list":
        return ",".join(str(item) for item in value or ()) if not isinstance(value, str) else value
    if param["type"] in ("text", "choice"):
        return str(value or "")
    if value is None:
        return None
    return {"int": int, "float": float, "bool": bool}[param["type"]](value)


def _is_fit(param: dict[str, Any], value: Any) -> bool:
    """Whether a value kept earlier still is one of the setting's type."""
    try:
        _plain(param, value)
    except (TypeError, ValueError):
        return False
    return param["type"] != "choice" or value in param["choices"]


def _whole(param: dict[str, Any], told: Callable[..., None]) -> Any:
    field = WholeBox()
    field.setRange(int(_bound(param, "low")), int(_bound(param, "high")))
    return _number(param, field, told)


class PlainBox(Steady, QtWidgets.QDoubleSpinBox):
    """Shows a fraction without the noughts at its end."""

    def textFromValue(self, value: float) -> str:
        """`0.05`, not `0.050000`."""
        text, point = super().textFromValue(value), self.locale().decimalPoint()
        return text.rstrip("0").rstrip(point) if point in text else text


def _fraction(param: dict[str, Any], told: Callable[..., None]) -> Any:
    field = PlainBox()
    field.setDecimals(6)
    field.setRange(_bound(param, "low"), _bound(param, "high"))
    return _number(param, field, told)


def _bound(param: dict[str, Any], end: str) -> float:
    value = param.get(end)
    if value is not None:
        return value
    return -FAR if end == "low" else FAR


def _number(param: dict[str, Any], field: Any, told: Callable[..., None]) -> Any:
    """A number; where it may be left open, its lowest value stands for that."""
    unit = unit_of(param)
    field.setSuffix(f" {unit}" if unit else "")
    is_open = param.get("default") is None
    if is_open:
        field.setSpecialValueText(tr("open"))
        field.setMinimum(field.minimum() - 1)
    field.valueChanged.connect(told)

    def read() -> Any:
        return None if is_open and field.value() == field.minimum() else field.value()

    return field, read, lambda value: field.setValue(field.minimum() if value is None else value)


def _switch(param: dict[str, Any], told: Callable[..., None]) -> Any:
    field = QtWidgets.QCheckBox()
    field.toggled.connect(told)
    return field, field.isChecked, field.setChecked


def _choice(param: dict[str, Any], told: Callable[..., None]) -> Any:
    field = Combo()
    narrow(field, 4)
    for value in param["choices"]:
        field.addItem(choice_of(param, value), value)
    field.currentIndexChanged.connect(told)
    return field, field.currentData, lambda value: field.setCurrentIndex(max(field.findData(value), 0))


def _text(param: dict[str, Any], told: Callable[..., None]) -> Any:
    field = QtWidgets.QLineEdit()
    field.textChanged.connect(told)
    return field, lambda: field.text().strip(), field.setText


_MAKERS = {"float": _fraction, "int": _whole, "bool": _switch, "choice": _choice, "text": _text, "list": _text}
