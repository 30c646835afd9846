"""What a run would use, told before it runs: the findings of the check in few words, or why it cannot run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import GridBeaconError
from ..qt import QtCore, QtWidgets, Signal
from ..words import pick, tr
from .pieces import Fold, form_of, in_a_row, stacked, words

SET_ASIDE_COLUMNS = {
    "rows_quarantined": "set aside as doubtful",
    "rows_duplicate": "duplicates",
    "rows_outside": "in no cell",
    "rows_after_as_of": "after the moment",
    "rows_before_period": "before the period",
    "rows_excluded": "left out by a rule",
}
"""Part of the account -> what is said of its rows."""
LONG = 4
"""Names listed before the rest is counted."""


class Summary(QtWidgets.QWidget):
    """Rows, cells, period, sources, classes and trouble; or the problem with its place and its way out."""

    check_asked = Signal()
    page_asked = Signal(str)
    engine_asked = Signal()

    def __init__(self):
        super().__init__()
        self.page = ""
        self.state = words(quiet=True)
        self.check_button = QtWidgets.QPushButton(tr("Check"))
        self.check_button.setObjectName("check")
        self.check_button.setToolTip(tr("Read the inputs and tell what a run would use, without running it."))
        self.check_button.clicked.connect(self.check_asked)
        top = QtWidgets.QWidget()
        in_a_row(top, self.state, self.check_button)
        self.facts = QtWidgets.QWidget()
        self.rows = form_of(self.facts)
        self.notices = words()
        self.trouble = Fold(tr("Notices"), self.notices, help=tr("What you should know of these data."))
        self.link = QtWidgets.QPushButton(tr("Open the quality page"))
        self.link.setObjectName("quality")
        self.link.setToolTip(tr("Every rule with its rows, in the browser."))
        self.link.clicked.connect(lambda: self.page_asked.emit(self.page))
        self.problem = Problem()
        self.problem.engine_asked.connect(self.engine_asked)
        stacked(self, top, self.problem, self.facts, self.trouble, self.link)
        self.wait(tr("Choose the incidents."))

    def wait(self, text: str, *, by_hand: bool = False) -> None:
        """Nothing known yet: *text* says why; *by_hand* offers the button."""
        self._clear()
        self.state.setText(text)
        self.check_button.setVisible(by_hand)

    def working(self, text: str) -> None:
        """The check goes on; what was known of other inputs is gone."""
        self.state.setText(text)
        self.check_button.hide()

    def fail(self, error: GridBeaconError) -> None:
        """Tell why the inputs cannot be used."""
        self.wait("", by_hand=True)
        self.problem.tell(error)

    def show_findings(self, found: dict[str, Any], page: str = "") -> None:
        """Tell the findings of `gridbeacon check --json`; *page* is the full report."""
        self._clear()
        for label, text in lines_of(found):
            line = words(text)
            line.setObjectName("fact")
            self.rows.addRow(words(label, quiet=True), line)
        self.facts.show()
        told = [pick(notice["en"], notice["zh"]) for notice in found.get("notices", ())]
        self.notices.setText("\n".join(f"· {line}" for line in told))
        self.trouble.tell(f"{len(told)}")
        self.trouble.setVisible(bool(told))
        self.page = page
        self.link.setVisible(bool(page) and Path(page).is_file())
        self.state.setText("")

    def _clear(self) -> None:
        while self.rows.rowCount():
            self.rows.removeRow(0)
        for part in (self.facts, self.trouble, self.link, self.problem, self.check_button):
            part.hide()
        self.page = ""


class Problem(QtWidgets.QFrame):
    """An error in words: the problem, where it is, what to do."""

    engine_asked = Signal()

    def __init__(self):
        super().__init__()
        self.setObjectName("problem")
        self.setFrameShape(QtWidgets.QFrame.Shape.StyledPanel)
        icon = QtWidgets.QLabel()
        style, size = QtWidgets.QApplication.style(), 20
        icon.setPixmap(style.standardIcon(QtWidgets.QStyle.StandardPixmap.SP_MessageBoxWarning).pixmap(size, size))
        icon.setAlignment(QtCore.Qt.AlignmentFlag.AlignTop)
        self.what, self.where, self.fix = words(), words(quiet=True), words()
        self.engine = QtWidgets.QPushButton(tr("Engine…"))
        self.engine.setToolTip(tr("Which Python runs the engine, and how it is."))
        self.engine.clicked.connect(self.engine_asked)
        told = QtWidgets.QWidget()
        stacked(told, self.what, self.where, self.fix, self.engine)
        layout = in_a_row(self, icon, told)
        layout.setStretch(0, 0)
        layout.setStretch(1, 1)
        layout.setContentsMargins(6, 6, 6, 6)
        self.hide()

    def tell(self, error: GridBeaconError) -> None:
        """Show *error*; trouble with the engine itself brings the way to its page."""
        told = error.parts() if hasattr(error, "parts") else {}
        self.what.setText(pick(error.problem, told.get("problem_zh", "")))
        self.where.setText(error.where)
        self.fix.setText(pick(error.fix, told.get("fix_zh", "")))
        self.engine.setVisible(type(error).__name__ == "EngineError" and not error.code)
        self.show()


def lines_of(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The findings as (label, text), what matters most first."""
    account = found.get("account", {})
    lines = [(tr("Rows"), tr("{used} of {all} are used", used=_number(account, "rows_used"), all=_number(account)))]
    lines += [("", text) for text in _set_aside(found)]
    lines.append((tr("Period"), _period(found)))
    cells = found.get("cells", {})
    lines.append((tr("Cells"), " · ".join(f"{name} {number:,}" for name, number in cells.items())))
    lines.append((tr("Sources"), _listed(found.get("sources", {}))))
    lines.append((tr("Classes"), tr("{number} are tested", number=f"{found.get('tested_classes', 0):,}")))
    lines += [(tr("Trouble"), text) for text in _trouble(found)]
    return [(label, text) for label, text in lines if text]


def _number(account: dict[str, int], part: str = "rows_in") -> str:
    return f"{account.get(part, 0):,}"


def _set_aside(found: dict[str, Any]) -> list[str]:
    """Rows that are not used, each part with its reasons in words."""
    kinds = {"quarantined": "rows_quarantined", "duplicate": "rows_duplicate", "outside": "rows_outside"}
    reasons: dict[str, dict[str, int]] = {}
    for rule in found.get("rules", ()):
        told = reasons.setdefault(kinds.get(rule.get("what", ""), ""), {})
        told[pick(rule.get("en", ""), rule.get("zh", ""))] = rule.get("rows", 0)
    lines = []
    for part, label in SET_ASIDE_COLUMNS.items():
        rows = found.get("account", {}).get(part, 0)
        if rows:
            why = _listed(reasons.get(part, {})) if part == "rows_quarantined" else ""
            lines.append(f"{rows:,} {tr(label)}" + (f" ({why})" if why else ""))
    return lines


def _period(found: dict[str, Any]) -> str:
    period = found.get("period")
    if not period:
        return ""
    first, as_of = (str(period[name]).replace("T00:00:00", "").replace("T", " ") for name in ("first", "as_of"))
    missing = found.get("missing_bins") or 0
    gap = tr("{number} without data", number=missing) if missing else ""
    return " · ".join(part for part in (f"{first} … {as_of}", tr("{number} bins", number=period["bins"]), gap) if part)


def _listed(counted: dict[str, int]) -> str:
    """`a 12 · b 3 · 2 more`, the largest first."""
    entries = sorted(counted.items(), key=lambda entry: -entry[1])
    told = [f"{name} {number:,}" for name, number in entries[:LONG]]
    return " · ".join([*told, tr("{number} more", number=len(entries) - LONG)] if len(entries) > LONG else told)


def _trouble(found: dict[str, Any]) -> list[str]:
    """What may mislead: default points, near duplicates, cells that overlap or share a code."""
    points = sum(point.get("rows", 0) for point in found.get("default_points", ()))
    near = (found.get("near_duplicates") or {}).get("rows", 0)
    lines = [tr("{number} incidents lie on default points", number=f"{points:,}")] if points else []
    lines += [tr("{number} rows look like duplicates and are kept", number=f"{near:,}")] if near else []
    for rule in (found.get("topology") or {}).get("rules", ()):
        lines.append(tr("Cells: {what}", what=pick(rule.get("en", ""), rule.get("zh", ""))))
    return lines
