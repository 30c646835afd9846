"""Stands in for the engine's command line: speaks its protocol and does what GRIDBEACON_STAND_IN says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def say(**message: object) -> None:
    """One JSON line on stderr."""
    print(json.dumps(message, ensure_ascii=False), file=sys.stderr, flush=True)


def fine(out: Path) -> int:
    """Write what it was asked, report progress in two languages, done."""
    say(fraction=0.25, text="Reading incidents", text_zh="读取事件")
    say(notice={"code": "person-columns", "en": "2 person columns dropped", "zh": "已丢弃2个人员字段"})
    out.mkdir(parents=True)
    shown = (
        "PYTHONHOME",
        "PYTHONPATH",
        "PROJ_LIB",
        "PROJ_DATA",
        "GDAL_DATA",
        "PYTHONUTF8",
        "GRIDBEACON_GROUP",
        "GRIDBEACON_LANG",
    )
    package = sys.modules["gridbeacon"]
    asked = {
        "arguments": sys.argv[1:],
        "environment": {name: os.environ.get(name) for name in shown},
        "package": str(Path(package.__file__).parent),
        "folder": str(Path.cwd()),
        "path": sys.path,
    }
    (out / "asked.json").write_text(json.dumps(asked, ensure_ascii=False), encoding="utf-8")
    (out / "briefing.html").write_text("<!doctype html>", encoding="utf-8")
    say(fraction=1.0, text="Done", text_zh="完成")
    say(done={"out": str(out), "briefing": str(out / "briefing.html"), "warnings": 3})
    return 0


def slow(out: Path) -> int:
    """Begin a folder, start stubborn children and work for a minute."""
    out.with_name(f".{out.name}.0a1b2c.part").mkdir(parents=True)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    for _ in range(2):
        subprocess.Popen([sys.executable, "-c", deaf])
    for step in range(600):
        say(fraction=step / 600, text="Working", text_zh="计算中")
        time.sleep(0.1)
    return 0


def deaf(out: Path) -> int:
    """Work for a minute and not listen to SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return slow(out)


def refuse(out: Path) -> int:
    """Input that cannot be used."""
    say(
        error={
            "problem": "no column holds a time",
            "where": "calls.csv",
            "fix": "Name it: --time COLUMN",
            "exit_code": 2,
        }
    )
    return 2


def refuse_in_both(out: Path) -> int:
    """As `refuse`, with a code and in both languages."""
    texts = {"problem": "no column holds a time", "where": "calls.csv, row 1", "fix": "Name it.", "exit_code": 2}
    chinese = {"problem_zh": "没有识别出事件时间列", "where_zh": "calls.csv,第1行", "fix_zh": "用 --time 指定。"}
    say(error={**texts, "code": "E-COL-004", **chinese})
    return 2


def crash(out: Path) -> int:
    """A fault in a compiled package, with a child at work."""
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGSEGV)
    return 0


def starve(out: Path) -> int:
    """What the system does to a process that takes all the memory."""
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def lack(out: Path) -> int:
    """A package that is not installed."""
    import no_such_package_here  # noqa: F401

    return 0


def mumble(out: Path) -> int:
    """End without a word of the protocol."""
    print("{not json\nplain words", file=sys.stderr)
    return 3


def starve_in_a_shell(out: Path) -> int:
    """As `starve`, told by a shell around the engine."""
    return 137


def flood(out: Path) -> int:
    """Say and print far more than a pipe holds."""
    for number in range(20_000):
        say(fraction=number / 20_000, text="Working", text_zh="计算中")
    print(json.dumps({"rows": ["网格" * 20] * 50_000}, ensure_ascii=False))
    return 0


def main() -> None:
    """Do what the environment says."""
    if os.environ.get("GRIDBEACON_GROUP") == "1":
        os.setsid()
    out = Path(sys.argv[sys.argv.index("--out") + 1])
    sys.exit(globals()[os.environ.get("GRIDBEACON_STAND_IN", "fine")](out))
