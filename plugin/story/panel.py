"""The story of a unit: how much there was, when, of what, and what was warned of. Qt alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ...errors import GridBeaconError
from ...layers import style
from ..qt import QAction, QtCore, QtGui, QtWidgets, Signal
from ..words import pick, speaks_chinese, tr
from . import figures
from .export import file_name, write_csv
from .plots import BarPlot, Ranking, theme_of
from .record import ABOVE, BELOW, HERE, Story, Warned, read_story

SHOWN_WARNINGS = 6
SHOWN_CLASSES = 8


class StoryPanel(QtWidgets.QScrollArea):
    """One unit at a time; empty until the first is chosen."""

    shown = Signal(str, str)
    """Folder and `cell_id` of the unit that is shown now."""
    failed = Signal(object)
    """A GridBeaconError: the unit could not be shown; what was shown before stays."""

    def __init__(self, states: Callable[[], Mapping[str, str]] = dict, parent: QtWidgets.QWidget | None = None):
        """*states* tells where warnings stand by the ledger (`warning_id` -> state), newer than what the run wrote."""
        super().__init__(parent)
        self.setObjectName("gridbeacon_story")
        self.story: Story | None = None
        self.folder: Path | None = None
        self.states = states
        self._proposed: tuple[Path, str] | None = None
        self.setWidgetResizable(True)
        self.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body = QtWidgets.QWidget()
        self._column = QtWidgets.QVBoxLayout(body)
        self.setWidget(body)
        self._build_head()
        self._build_plots()
        self._column.addStretch(1)
        self._show_empty()

    def _build_head(self) -> None:
        self.title, self.subtitle, self.facts = _text(size=1.35, bold=True), _text(muted=True), _text()
        self.up = QtWidgets.QToolButton()
        self.up.setText(tr("↑ Unit above"))
        self.up.setToolTip(tr("Show the unit this one lies in (Alt+Up)"))
        self.up.clicked.connect(self.show_above)
        self.save = QtWidgets.QToolButton()
        self.save.setText(tr("Export CSV…"))
        self.save.setToolTip(tr("Write the days, hours, weekdays and classes of this unit to a file"))
        self.save.clicked.connect(self.export)
        self.buttons = QtWidgets.QHBoxLayout()
        self.buttons.addWidget(self.up)
        self.buttons.addWidget(self.save)
        self.buttons.addStretch(1)
        for widget in (self.title, self.subtitle):
            self._column.addWidget(widget)
        self._column.addLayout(self.buttons)
        self._column.addWidget(self.facts)
        self.warnings = QtWidgets.QWidget()
        QtWidgets.QVBoxLayout(self.warnings).setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self.warnings)

    def _build_plots(self) -> None:
        self.series = BarPlot(tr("Incidents over time"), 120)
        self.hours, self.weekdays = BarPlot(tr("Hours of the day"), 84), BarPlot(tr("Days of the week"), 84)
        self.classes = Ranking(tr("Classes in the window"))
        self.series_name, self.classes_name = _heading(""), _heading("")
        self.note = _text(muted=True)
        self.plots = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(self.plots)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.series_name, self.series, self.note):
            column.addWidget(widget)
        beside = QtWidgets.QGridLayout()
        for place, (name, plot) in enumerate((("Hours of the day", self.hours), ("Days of the week", self.weekdays))):
            beside.addWidget(_heading(tr(name)), 0, place)
            beside.addWidget(plot, 1, place)
        beside.setColumnStretch(0, 3)
        beside.setColumnStretch(1, 2)
        column.addLayout(beside)
        column.addWidget(self.classes_name)
        column.addWidget(self.classes)
        self._column.addWidget(self.plots)

    def offer(self, action: QAction) -> None:
        """Give the panel a button for *action*: how a unit is chosen on the map."""
        button = QtWidgets.QToolButton()
        button.setDefaultAction(action)
        button.setToolButtonStyle(QtCore.Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.buttons.insertWidget(0, button)

    def show_cell(self, folder: Path, cell_id: str) -> bool:
        """Show the unit *cell_id* of the run in *folder*; False, and `failed`, where it cannot be read."""
        try:
            story = read_story(Path(folder), cell_id)
        except GridBeaconError as error:
            self.failed.emit(error)
            return False
        self.folder, self.story, self._proposed = Path(folder), story, None
        self._show(story)
        self.shown.emit(str(folder), cell_id)
        return True

    def propose(self, folder: Path, cell_id: str) -> None:
        """Show the unit *cell_id* as soon as somebody looks at the panel: a warning of it was chosen elsewhere."""
        self._proposed = (Path(folder), cell_id)
        if self.isVisible():
            self._take_up()

    def showEvent(self, event: QtGui.QShowEvent) -> None:
        super().showEvent(event)
        if self._proposed is not None:
            self._take_up()
        elif self.story is not None:
            self._show_warnings(self.story)  # they may have been judged meanwhile

    def _take_up(self) -> None:
        proposed, self._proposed = self._proposed, None
        self.show_cell(*proposed)

    def show_above(self) -> None:
        """Show the unit right above this one."""
        if self.story and self.story.above and self.folder:
            self.show_cell(self.folder, self.story.above[0].cell_id)

    def export(self) -> None:
        """Ask for a file and write the story there."""
        if self.story is None:
            return
        path, _ = QtWidgets.QFileDialog.getSaveFileName(
            self, tr("Export the unit's story"), file_name(self.story), tr("CSV files (*.csv)")
        )
        if path:
            try:
                write_csv(self.story, Path(path))
            except GridBeaconError as error:
                self.failed.emit(error)

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        if event.key() == QtCore.Qt.Key.Key_Up and event.modifiers() == QtCore.Qt.KeyboardModifier.AltModifier:
            self.show_above()
        else:
            super().keyPressEvent(event)

    def _show_empty(self) -> None:
        self.title.setText(tr("No unit chosen"))
        how = tr("Choose a warning, or in QGIS click a cell on the map: what happened there, when and of what kind.")
        self.subtitle.setText(how)
        self.facts.setText("")
        self.up.setEnabled(False)
        self.save.setEnabled(False)
        self.warnings.hide()
        self.plots.hide()

    def _show(self, story: Story) -> None:
        unit = story.unit
        self.title.setText(story.place)
        who = [figures.level_words(unit), unit.cell_id]
        if unit.population > 0:
            who.append(tr("{number} people", number=f"{unit.population:,.0f}"))
        unknown = pick(style.UNKNOWN_RESPONSIBLE_EN, style.UNKNOWN_RESPONSIBLE_ZH)
        who.append(tr("responsible: {unit}", unit=unit.responsible or unknown))
        self.subtitle.setText(" · ".join(who))
        self.facts.setText(figures.facts(story))
        self.up.setEnabled(bool(story.above))
        self.save.setEnabled(bool(story.days))
        self._show_warnings(story)
        self._show_plots(story)
        self.verticalScrollBar().setValue(0)

    def _show_plots(self, story: Story) -> None:
        self.plots.setVisible(story.total > 0)
        bars, hours, weekdays = figures.series(story), figures.hours(story), figures.weekdays(story)
        weekly = len(story.days) > figures.LONG
        self.series_name.setText(tr("Incidents a week") if weekly else tr("Incidents a day"))
        self.note.setText(_note(bars))
        self.note.setVisible(bool(self.note.text()))
        for plot, shown in ((self.series, bars), (self.hours, hours), (self.weekdays, weekdays)):
            plot.show_bars(shown, tr("Highest: {bar}", bar=figures.busiest(shown)))
        top = story.classes[:SHOWN_CLASSES]
        name, found = tr("Classes in the window"), len(story.classes)
        if found > len(top):
            name = tr("Classes in the window (the first {number} of {all})", number=len(top), all=found)
        self.classes_name.setText(name)
        self.classes_name.setVisible(bool(top))
        self.classes.show_rows(top, story.in_window)

    def _show_warnings(self, story: Story) -> None:
        column = self.warnings.layout()
        while column.count():
            gone = column.takeAt(0).widget()
            gone.hide()
            gone.deleteLater()
        order = {HERE: 0, ABOVE: 1, BELOW: 2}
        listed = sorted(story.warnings, key=lambda warned: order[warned.place])
        if not listed:
            column.addWidget(_text(tr("No early warning here, in a unit above or in one below.")))
        states = self.states()
        for warned in listed[:SHOWN_WARNINGS]:
            state = states.get(str(warned.row.get("warning_id") or ""))
            column.addWidget(_card(warned, state, theme_of(self)))
        if len(listed) > SHOWN_WARNINGS:
            more = len(listed) - SHOWN_WARNINGS
            column.addWidget(_text(tr("and {number} more in the table of warnings", number=more), muted=True))
        self.warnings.show()


def _text(text: str = "", *, size: float = 1.0, bold: bool = False, muted: bool = False) -> QtWidgets.QLabel:
    """A label that shows its text as it is, whatever the data wrote into it."""
    label = QtWidgets.QLabel(text)
    label.setTextFormat(QtCore.Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
    font = label.font()
    font.setPointSizeF(font.pointSizeF() * size)
    font.setBold(bold)
    label.setFont(font)
    label.setForegroundRole(QtGui.QPalette.ColorRole.PlaceholderText if muted else QtGui.QPalette.ColorRole.WindowText)
    return label


def _heading(text: str) -> QtWidgets.QLabel:
    return _text(text, bold=True)


def _note(bars: tuple) -> str:
    """What the drawing of some bars means, where there are such bars."""
    said = []
    if any(bar.shaded for bar in bars):
        said.append(tr("On the yellow ground: the window that was judged."))
    if any(bar.partial for bar in bars):
        said.append(tr("Dotted: not all is known yet."))
    if any(bar.missing for bar in bars):
        said.append(tr("Hatched: no data, which is not calm."))
    return " ".join(said) if not speaks_chinese() else "".join(said)


def _card(warned: Warned, state: str | None, theme: str) -> QtWidgets.QFrame:
    """One warning: level and class, where, why, and how it stands; its level's colour is a strip at the left."""
    row = warned.row
    frame = QtWidgets.QFrame()
    frame.setObjectName("card")
    known = {level.name: level.colour(theme) for level in style.LEVELS}
    strip = known.get(str(row.get("level") or ""), style.GROUND[theme]["muted"])
    frame.setStyleSheet(f"QFrame#card {{ border: none; border-left: 5px solid {strip}; }}")
    column = QtWidgets.QVBoxLayout(frame)
    column.setContentsMargins(8, 2, 2, 2)
    column.setSpacing(1)
    column.addWidget(_text(" · ".join((figures.level_line(row), figures.class_words(row.get("category")))), bold=True))
    column.addWidget(_text(pick(str(row.get("reason_en") or ""), str(row.get("reason") or ""))))
    other = row.get("cell_name") or row.get("cell_id")
    told = {HERE: tr("this unit"), ABOVE: tr("above: {unit}", unit=other), BELOW: tr("below: {unit}", unit=other)}
    place, state = told[warned.place], figures.state_words({**row, "state": state or row.get("state")})
    column.addWidget(_text(f"{place} · {state}", muted=True))
    return frame
