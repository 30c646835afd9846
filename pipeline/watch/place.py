"""A city folder: the plan, the ledger, a dated folder per run, and what the watch keeps beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ...layers.run_folder import MANIFEST
from ...layers.whole_file import write_whole

LOCK, LOG, ATTEMPT, PAGE = "watch.lock", "watch.log", "watch.json", "latest.html"


@dataclass(frozen=True)
class GoodRun:
    """A run that is complete: its folder and what its manifest says."""

    folder: Path
    manifest: Mapping[str, Any] = field(repr=False)

    @property
    def as_of(self) -> str:
        """The local moment of decision, ISO: everything before it was known, nothing after it."""
        return str(self.manifest["as_of"])

    @property
    def run_id(self) -> str:
        """The run's name."""
        return str(self.manifest["run_id"])

    def warnings(self) -> list[dict[str, str]]:
        """The rows of its early warnings, as text; empty where the table cannot be read."""
        from ...layers.spreadsheets import read_guarded_csv

        try:
            table = read_guarded_csv(self.folder / "early_warnings.csv")
        except (OSError, ValueError):
            return []
        return table.astype(str).to_dict("records")


@dataclass(frozen=True)
class CityFolder:
    """Where a watch lives: `home` holds the plan, `runs` the dated folders."""

    home: Path
    runs: Path
    log: Path | None = None

    @property
    def lock(self) -> Path:
        """The file that says who runs."""
        return self.home / LOCK

    @property
    def page(self) -> Path:
        """The page that leads to the last good briefing."""
        return self.home / PAGE

    def log_file(self) -> Path:
        """The log: as named, else beside the plan."""
        return self.log or self.home / LOG

    def good_runs(self) -> list[GoodRun]:
        """Complete runs, the newest data first; of one moment of decision the one written last. Drills are none."""
        found = []
        for manifest in self.runs.glob(f"[!.]*/{MANIFEST}") if self.runs.is_dir() else ():
            run = _read_run(manifest)
            if run is not None:
                found.append((run.as_of, manifest.stat().st_mtime_ns, run.folder.name, run))
        return [run for *_, run in sorted(found, key=lambda item: item[:3], reverse=True)]

    def folder_for(self, as_of: str, replace: bool = False) -> Path:
        """`runs/2026-01-05`, for a moment within a day `runs/2026-01-05T10-00`; a taken name gets _2, _3 ..."""
        moment = datetime.fromisoformat(as_of)
        whole = (moment.hour, moment.minute) == (0, 0)
        name = f"{moment:%Y-%m-%d}" if whole else f"{moment:%Y-%m-%dT%H-%M}"
        names = (name, *(f"{name}_{number}" for number in range(2, 1000)))
        return next(self.runs / each for each in names if replace or not (self.runs / each).exists())

    def attempt(self) -> dict[str, Any]:
        """What is known of the newest attempt; empty where there was none or the note cannot be read."""
        try:
            found = json.loads((self.home / ATTEMPT).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def note_attempt(self, facts: Mapping[str, Any]) -> None:
        """Keep what is known of the newest attempt."""
        text = json.dumps(facts, ensure_ascii=False, indent=1) + "\n"
        write_whole(self.home / ATTEMPT, text.encode("utf-8"))


def _read_run(manifest: Path) -> GoodRun | None:
    try:
        facts = json.loads(manifest.read_text(encoding="utf-8"))
        datetime.fromisoformat(facts["as_of"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None if facts.get("drill") else GoodRun(manifest.parent, facts)
