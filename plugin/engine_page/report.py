"""What a Python has and what the self-test found, as a table and as lines of text."""

from __future__ import annotations

from typing import Any

from ..qt import QtGui, QtWidgets
from ..words import pick, tr

FINE, WAITING, TROUBLE = ("#1a7f37", "#4ac26b"), ("#8a6d00", "#d4a72c"), ("#b42318", "#ff7b72")
"""On light and on dark ground; a word always stands beside the colour."""


def shade(pair: tuple[str, str]) -> str:
    """The colour of the pair that is readable on the windows of this desktop."""
    ground = QtGui.QGuiApplication.palette().color(QtGui.QPalette.ColorRole.Base)
    return pair[1] if ground.lightness() < 128 else pair[0]


class PackageTable(QtWidgets.QTableWidget):
    """Every package the engine needs: the version it needs, the version that is there, and whether that serves."""

    def __init__(self, parent: QtWidgets.QWidget | None = None):
        super().__init__(0, 4, parent)
        self.setObjectName("packages")
        self.setToolTip(tr("The packages the engine needs, and what this Python has of them."))
        self.setHorizontalHeaderLabels([tr("Package"), tr("Needed"), tr("Found"), tr("State")])
        self.setEditTriggers(QtWidgets.QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectionBehavior.SelectRows)
        self.setAlternatingRowColors(True)
        self.verticalHeader().setVisible(False)
        self.verticalHeader().setDefaultSectionSize(24)
        self.horizontalHeader().setStretchLastSection(True)
        self.horizontalHeader().setSectionResizeMode(QtWidgets.QHeaderView.ResizeMode.Stretch)

    def show_packages(self, packages: list[dict[str, Any]]) -> None:
        """Fill the table; what is missing or too old stands at the top."""
        rows = sorted(packages, key=lambda package: package["ok"])
        self.setRowCount(len(rows))
        for number, package in enumerate(rows):
            floor = tr("{version} or newer", version=package["floor"]) if package["floor"] else tr("any version")
            for column, text in enumerate((package["name"], floor, package["version"] or "–", state_of(package))):
                item = QtWidgets.QTableWidgetItem(text)
                if column == 3:
                    item.setForeground(QtGui.QBrush(QtGui.QColor(shade(FINE if package["ok"] else TROUBLE))))
                self.setItem(number, column, item)
        self.scrollToTop()


def state_of(package: dict[str, Any]) -> str:
    """One word for a package as `scripts/probe.py` tells it."""
    if package["ok"]:
        return "✓ " + tr("there")
    return "✗ " + (tr("too old") if package["version"] else tr("missing"))


def lacking(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """The packages that are missing or too old."""
    return [package for package in facts["packages"] if not package["ok"]]


def lines_of(report: dict[str, Any]) -> list[str]:
    """The doctor's findings, one a line: a mark, what was looked at, what was found; below it what to do."""
    lines = []
    for finding in report.get("findings", []):
        mark = "✓" if finding.get("ok") else "✗" if finding.get("needed") else "–"
        name, detail, fix = (
            pick(str(finding.get(part) or ""), str(finding.get(f"{part}_zh") or ""))
            for part in ("name", "detail", "fix")
        )
        lines.append(f"{mark} {name}: {detail}")
        lines += [f"   → {fix}"] if fix else []
    return lines
