"""A QGIS profile with the plugin in it, for the tests that start QGIS as a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parent
LEFT_OUT = shutil.ignore_patterns(
    ".*", "*.pyc*", "*.tmp.*", "*.egg-info", "out", "build", "dist", "tests", "benchmarks", "docs"
)
"""What numba has compiled goes along: each copy would be most of ten seconds at it."""
SCHEMA = {
    "version": "0",
    "run": {
        "title": "Run everything",
        "title_zh": "一键研判",
        "help": "Find hot spots and warnings.",
        "help_zh": "识别热点与预警。",
        "presets": [{"name": "daily"}, {"name": "weekly"}, {"name": "wartime"}],
        "params": [
            {
                "name": "window",
                "type": "int",
                "default": 28,
                "help": "Days looked at.",
                "zh": "热点窗口",
                "unit": "days",
                "low": 1,
                "high": 90,
            },
            {
                "name": "cell_size",
                "type": "float",
                "default": 1000.0,
                "help": "Width.",
                "zh": "边长",
                "unit": "m",
                "low": 10,
                "high": None,
            },
            {
                "name": "bin",
                "type": "choice",
                "default": "day",
                "help": "Bin.",
                "zh": "时间粒度",
                "choices": ["hour", "day", "week"],
            },
            {"name": "as_of", "type": "text", "default": "", "help": "Moment.", "zh": "研判时点"},
            {"name": "places", "type": "list", "default": [1, 2], "help": "Places.", "zh": "位置", "advanced": True},
            {"name": "keep", "type": "bool", "default": True, "help": "Keep.", "zh": "保留", "advanced": True},
            {"name": "limit", "type": "float", "default": None, "help": "Limit.", "zh": "上限", "advanced": True},
        ],
    },
    "models": {},
    "steps": {},
}
"""One setting of every type the schema knows."""


class Desk:
    """A QGIS profile with one copy of the plugin in it."""

    def __init__(self, folder: Path, python: str, name: str = "gridbeacon"):
        self.config, self.python, self.name = folder / "config", python, name
        self.folder = folder
        self.plugin = self.config / "profiles" / "default" / "python" / "plugins" / name

    def put_plugin(self, root: Path) -> Desk:
        """The whole package, as a user unzips it."""
        shutil.copytree(root, self.plugin, ignore=LEFT_OUT)
        return self

    def put_stand_in(self, root: Path) -> Desk:
        """The face alone, with a stand-in behind it in place of the engine."""
        for part in (
            "plugin",
            "__init__.py",
            "__main__.py",
            "errors.py",
            "params.py",
            "metadata.txt",
            "layers",
        ):
            target = self.plugin / part
            target.parent.mkdir(parents=True, exist_ok=True)
            if (root / part).is_dir():
                shutil.copytree(root / part, target, ignore=LEFT_OUT)
            else:
                shutil.copy(root / part, target)
        shutil.copy(SCRIPTS / "stand_in_engine.py", self.plugin / "cli.py")
        (self.plugin / "schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
        return self

    def environment(self) -> dict[str, str]:
        """A clean environment for QGIS: this profile, no screen, an engine named."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
        return {
            **kept,
            "QGIS_CUSTOM_CONFIG_PATH": str(self.config),
            "QT_QPA_PLATFORM": "offscreen",
            "GRIDBEACON_ENGINE_PYTHON": sys.executable,
            "GRIDBEACON_MARK": uuid.uuid4().hex,
        }

    def ask(self, script: str, **wish: Any) -> dict[str, Any]:
        """Run a script of tests/qgis in this profile; its answer."""
        command = [self.python, str(SCRIPTS / script), json.dumps({"name": self.name, **wish})]
        done = subprocess.run(command, capture_output=True, text=True, env=self.environment(), timeout=600)
        lines = done.stdout.strip().splitlines()
        assert done.returncode == 0 and lines, f"exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return json.loads(lines[-1])

    def run(self, behaviour: str = "fine", **wish: Any) -> dict[str, Any]:
        """Run gridbeacon:run with the stand-in behaving in some way."""
        return self.ask("run_algorithm.py", **{**wish, **self._turn({"behaviour": behaviour, **wish})})

    def take_turns(self, turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The same several times in one QGIS; `behaviour`, `parameters` and `environment` are those of each turn."""
        return self.ask("run_algorithm.py", turns=[self._turn(turn) for turn in turns])["turns"]

    def _turn(self, turn: dict[str, Any]) -> dict[str, Any]:
        plain = {"INCIDENT_FILES": [str(SCRIPTS / "session.py")], "OUTPUT": str(self.folder / "runs")}
        stand_in = {"GRIDBEACON_STAND_IN": turn.get("behaviour", "fine")}
        return {
            "parameters": turn.get("parameters", plain),
            "environment": {**stand_in, **turn.get("environment", {})},
        }
