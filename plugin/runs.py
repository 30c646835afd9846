"""Where runs lie: the folder they go to, and a free name for the next one."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from .keeping import recall
from .qt import QtCore

LEDGER = "ledger.sqlite"


def usual_folder() -> Path:
    """Where runs go: the folder chosen in the dock, else one among the user's documents."""
    return Path(recall("runs_folder") or documents_folder())


def documents_folder() -> Path:
    """Where runs go while no folder was chosen."""
    documents = QtCore.QStandardPaths.writableLocation(QtCore.QStandardPaths.StandardLocation.DocumentsLocation)
    return Path(documents or Path.home()) / "GridBeacon"


def free_folder(runs: Path) -> Path:
    """A dated folder in *runs* that does not exist yet; the engine makes it when the run is complete."""
    stamp = datetime.now().strftime("%Y-%m-%d_%H%M%S")
    names = [stamp, *(f"{stamp}_{number}" for number in range(2, 100))]
    return next(runs / name for name in names if not (runs / name).exists())
