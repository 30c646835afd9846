"""The ways to get an engine, a card each: what it means, and what to press."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..labels import plain_label
from ..qt import IN_QGIS, QtWidgets, Signal
from ..words import tr

LOOK = """
QFrame#way { border: 1px solid palette(mid); border-radius: 6px; background: palette(base); }
QFrame#way[first="true"] { border: 2px solid #2f6fb3; }
QLabel#badge { background: #2f6fb3; color: white; border-radius: 4px; padding: 1px 7px; }
"""


class WayCard(QtWidgets.QFrame):
    """One way: a title, a sentence, buttons, and why it cannot be gone where it cannot."""

    def __init__(self, title: str, text: str, badge: str = ""):
        super().__init__()
        self.setObjectName("way")
        self.setProperty("first", "true" if badge else "false")
        self.text, self.hint = plain_label(text), plain_label()
        self.hint.setVisible(False)
        self.buttons: dict[str, QtWidgets.QPushButton] = {}
        head = QtWidgets.QHBoxLayout()
        head.addWidget(plain_label(title, bold=True, larger=1.0), 1)
        if badge:
            mark = plain_label(badge)
            mark.setObjectName("badge")
            mark.setWordWrap(False)
            head.addWidget(mark)
        self.row = QtWidgets.QHBoxLayout()
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 12)
        layout.addLayout(head)
        layout.addWidget(self.text)
        layout.addWidget(self.hint)
        layout.addLayout(self.row)

    def add_button(self, name: str, label: str, tip: str, pressed: Any) -> None:
        """A button at the end of the row."""
        button = QtWidgets.QPushButton(label)
        button.setObjectName(name)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        button.setMinimumWidth(button.sizeHint().width() + 20)
        button.clicked.connect(lambda checked=False: pressed())
        self.buttons[name] = button
        self.row.addWidget(button)

    def close_row(self) -> None:
        """Buttons stand at the left."""
        self.row.addStretch(1)

    def allow(self, **why_not: str) -> None:
        """Enable the buttons named, or disable them where a reason stands; the reasons are shown."""
        for name, reason in why_not.items():
            self.buttons[name].setEnabled(not reason)
        reasons = [reason for reason in dict.fromkeys(why_not.values()) if reason]
        self.hint.setText("\n".join(reasons))
        self.hint.setVisible(bool(reasons))


class Ways(QtWidgets.QWidget):
    """The three cards. What was pressed is told by signals; nothing is started here."""

    packages_from = Signal()
    packages_online = Signal()
    environment_from = Signal()
    environment_online = Signal()
    python_named = Signal(str)

    def __init__(self, named: str = ""):
        super().__init__()
        self.setStyleSheet(LOOK)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        self.own, self.environment, self.named = self._own_card(), self._environment_card(), NamedCard(named)
        self.named.chosen.connect(self.python_named)
        for card in (self.own, self.environment, self.named):
            layout.addWidget(card)
        layout.addStretch(1)
        self._lock()

    def _own_card(self) -> WayCard:
        title = tr("The Python QGIS has brought") if IN_QGIS else tr("The Python of this window")
        card = WayCard(title, tr("Looking for it…"), badge=tr("Recommended"))
        card.add_button(
            "packages_from",
            tr("From a &folder, without internet…"),
            tr("Choose the folder `packages` of the offline bundle, or a folder of wheel files (.whl)."),
            self.packages_from.emit,
        )
        card.add_button(
            "packages_online",
            tr("From the &internet"),
            tr("Fetches the packages with pip, from the index this computer is set up for."),
            self.packages_online.emit,
        )
        card.close_row()
        return card

    def _environment_card(self) -> WayCard:
        text = tr("A Python environment of its own in the plugin's folder, made by the Python above.")
        card = WayCard(tr("A virtual environment"), text)
        card.add_button(
            "environment_online",
            tr("Make it from the i&nternet"),
            tr("Makes the environment and fetches the packages with pip."),
            self.environment_online.emit,
        )
        card.add_button(
            "environment_from",
            tr("Make it from a folder of &wheels…"),
            tr("Makes the environment and installs the wheel files (.whl) of one folder, nothing else."),
            self.environment_from.emit,
        )
        card.close_row()
        return card

    def show_bundled(self, python: str, facts: dict[str, Any]) -> None:
        """The Python of the first two cards is known: say which one it is, and which buttons serve."""
        self.own.text.setText(
            tr(
                "Python {version}, run as a process of its own. The packages (about 1 GB) go into the plugin's own "
                "folder: QGIS stays as it is, and no administrator is needed.",
                version=facts["version"],
            )
        )
        self.own.text.setToolTip(python)
        old = "" if facts["enough"] else tr("It is too old: the engine needs Python 3.11. Name another one below.")
        no_pip = "" if facts["pip"] else tr("It has no pip, so it cannot fetch packages: use a folder.")
        no_venv = "" if facts["venv"] else tr("It cannot make environments (on Debian: package python3-venv).")
        self.own.allow(packages_from=old, packages_online=old or no_pip)
        self.environment.allow(environment_online=old or no_venv, environment_from=old or no_venv)

    def show_no_bundled(self, why: str) -> None:
        """There is no such Python: only the last card serves."""
        self.own.text.setText(why)
        self._lock()

    def _lock(self) -> None:
        """No button serves while it is not known which Python it would start."""
        for card in (self.own, self.environment):
            for button in card.buttons.values():
                button.setEnabled(False)


class NamedCard(WayCard):
    """Any Python the user names, in a field that the file dialog fills too."""

    chosen = Signal(str)

    def __init__(self, named: str):
        text = tr("Any Python on this computer, 3.11 or newer, that has the packages: name its program.")
        super().__init__(tr("A Python of your own"), text)
        self.field = QtWidgets.QLineEdit(named)
        self.field.setObjectName("chosen")
        self.field.setClearButtonEnabled(True)
        self.field.setPlaceholderText(tr("python.exe or bin/python3; empty: what the ways above have made"))
        self.field.setToolTip(tr("Path of the Python that runs the engine; press Enter to take it."))
        self.field.editingFinished.connect(self._changed)
        self._last = named
        self.row.addWidget(self.field, 1)
        self.add_button("browse", tr("&Browse…"), tr("Choose the Python's program."), self._browse)

    def set_path(self, path: str) -> None:
        """Write a path into the field and take it."""
        self.field.setText(path)
        self._changed()

    def _browse(self) -> None:
        start = str(Path(self.field.text()).parent) if self.field.text() else ""
        path, _ = QtWidgets.QFileDialog.getOpenFileName(self, tr("Python that runs the engine"), start)
        if path:
            self.set_path(path)

    def _changed(self) -> None:
        path = self.field.text().strip().strip('"')  # Windows copies a path with its quotation marks
        if path != self._last:
            self._last = path
            self.chosen.emit(path)
