"""The daily watch at the command line: how `run --plan` is kept unattended, how it stands, how it is scheduled."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from .asked import json_option, plan_option, spoken
from .commands import gridbeacon
from .inputs import Files, of_plan_file, read_plan_tables
from .options import Command, Option
from .refusals import refusal
from .voice import Voice, print_json

NOT_WELL = 4
"""Exit code of `watch status` where the briefing is late or the newest run failed."""

LOCK_WORDS = {
    "free": ("free", "空闲"),
    "held": ("a run is under way", "正在运行"),
    "left": ("left by a run that died", "上次运行中断所遗留"),
}
ATTEMPT_WORDS = {
    "done": ("done", "完成"),
    "failed": ("FAILED", "失败"),
    "running": ("running", "运行中"),
    "interrupted": ("BROKEN OFF", "中断"),
}


def local_now() -> datetime:
    """The clock: read here and nowhere beneath."""
    return datetime.now().astimezone()


def run_watched(
    voice: Voice, values: dict[str, Any], read: Callable[[], tuple[Files, Any]], overwrite: bool
) -> list[Any]:
    """The runs of a plan file that names no folder of its own, under the lock and the log of its city folder.

    *read* gives the files and the plan; what is wrong with them is logged and told on the page like anything else.
    """
    from ..pipeline.watch.morning import Watch, at_place, watch_run
    from ..pipeline.watch.place import CityFolder
    from .entry import as_ours
    from .quality_page import every_refusal

    plan_file = Path(values["plan"]).absolute()
    if not plan_file.is_file():
        raise refusal("E-ASK-009", where=str(values["plan"]), why=": there is no such file")
    log = Path(values["log"]).absolute() if values.get("log") else None
    place = CityFolder(plan_file.parent, plan_file.parent / "runs", log)
    with Watch(place, local_now, every_refusal(), as_ours) as watch:
        inputs, plan = read()
        at_place(watch, Path(str(inputs.runs)).absolute(), _settings(values))
        facts = {"ledger": inputs.ledger, "record": inputs.last_import(), "overwrite": overwrite}
        facts["public"] = Path(inputs.public).absolute() if inputs.public else None
        sources = {**inputs.for_run(), "calibration": inputs.calibration, "basemap": inputs.beneath()}
        return watch_run(watch, plan, sources, **facts, progress=voice.progress)


def _settings(values: dict[str, Any]) -> Any:
    """The table [watch] of the plan file, under the options given."""
    from ..pipeline.watch.settings import WatchSettings

    table = dict(read_plan_tables(values["plan"]).get("watch", {}))
    table |= {name: values[name] for name in ("at", "catch_up") if values.get(name) is not None}
    return WatchSettings.of_table(table, str(values["plan"]))


def tell_watched(voice: Voice, done: list[Any], as_json: bool) -> None:
    """After a watched run: as after any run; of one done before, where it lies. With `--progress none`, nothing."""
    from .report import tell_outcome

    for run in done:
        if run.outcome is None:
            voice.close()
            briefing = run.folder / "briefing.html"
            told = (f"done before, nothing new: {briefing}", f"此前已完成,没有新内容:{briefing}")
            if voice.mode == "json":
                voice.emit({"done": {"out": str(run.folder), "briefing": str(briefing), "again": True}})
            elif voice.mode == "bar":
                voice.say(voice.pick(*told))
            if as_json:
                print_json({"out": str(run.folder), "as_of": run.as_of, "again": True})
        elif voice.mode != "none" or as_json:
            tell_outcome(voice, run.outcome, as_json)


@gridbeacon.group(
    help=spoken("The unattended daily run: its state and its schedule.", "每日无人值守运行:状态与计划任务。")
)
def watch() -> None:
    """The daily watch."""


def _plan_required() -> Option:
    option = plan_option()
    option.required = True
    return option


def _at_option() -> Option:
    text = "Time of day of the run; else [watch] at, else 06:30."
    return Option(["--at"], metavar="HH:MM", help=spoken(text, "每日运行时刻;默认取方案[watch]的at,否则06:30。"))


@watch.command(
    cls=Command,
    help=spoken(
        "The last good run, the age of its data, when the next is due, the lock; exit code 4 if something is amiss.",
        "最近一次完成的运行、数据时间、下次应运行时刻与锁;异常时退出码为4。",
    ),
    params=[
        _plan_required(),
        _at_option(),
        Option(["--now"], metavar="TIME", help=spoken("Instead of the clock's time.", "以此时刻代替当前时间。")),
        json_option(),
    ],
)
@click.pass_obj
def status(voice: Voice, plan: str, at: str | None, now: str | None, as_json: bool) -> int:
    """Exit code 0 where all is well, for monitoring."""
    from zoneinfo import ZoneInfo

    from ..pipeline import Plan
    from ..pipeline.watch.place import CityFolder
    from ..pipeline.watch.status import watch_status

    settings = Plan.from_toml(plan)
    place = CityFolder(Path(plan).absolute().parent, Path(str(of_plan_file(plan).runs)).absolute())
    moment = _moment(now) or local_now()
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(settings.timezone))
    facts = watch_status(place, moment, _settings({"plan": plan, "at": at}), settings.bin, settings.timezone)
    _tell_status(voice, facts)
    if as_json:
        print_json(facts)
    return 0 if facts["ok"] else NOT_WELL


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        raise click.BadParameter(str(text), param_hint="--now") from None


def _tell_status(voice: Voice, facts: dict[str, Any]) -> None:
    good, lock, attempt = facts["last_good"], facts["lock"], facts["last_attempt"]
    if good is None:
        voice.say(voice.pick("no complete run yet", "还没有完成的运行"))
    else:
        until = good["as_of"][:16].replace("T", " ")
        voice.say(voice.pick(f"last good run: {good['run_id']}, data up to {until}, {good['age_hours']} h old",
                             f"最近完成:{good['run_id']},数据截止{until},距今{good['age_hours']}小时"))  # fmt: skip
        voice.say(voice.pick(f"briefing: {good['briefing']}", f"晨报:{good['briefing']}"))
        late = voice.pick(" - LATE", "(已迟到)") if facts["late"] else ""
        due = facts["next_due"][:16].replace("T", " ")
        voice.say(voice.pick(f"next due: {due}", f"下次应运行:{due}") + late)
    who = f" ({lock['host']}, {lock['pid']}, {lock['since']})" if "pid" in lock else ""
    voice.say(voice.pick("lock: ", "锁:") + voice.pick(*LOCK_WORDS[lock["state"]]) + who)
    if attempt is not None:
        state = voice.pick(*ATTEMPT_WORDS[attempt["state"]])
        voice.say(voice.pick("newest attempt: ", "最近一次尝试:") + f"{attempt['started']} {state}")
        if attempt.get("problem"):
            said = (f"{attempt['problem']}. {attempt['fix']}", f"{attempt['problem_zh']}。{attempt['fix_zh']}")
            voice.say(f"  {voice.pick(*said)} {attempt.get('code', '')}")


@watch.command(
    cls=Command,
    help=spoken(
        "Print what has the watch started by cron, systemd or Windows; nothing is installed.",
        "打印定时任务配置(cron、systemd或Windows计划任务);不做任何安装。",
    ),
    params=[
        _plan_required(),
        Option(
            ["--system"],
            type=click.Choice(("cron", "systemd", "windows")),
            default="windows" if sys.platform == "win32" else "cron",
            help=spoken("What starts it.", "由何种系统启动。"),
        ),
        _at_option(),
        Option(
            ["--out"],
            metavar="FOLDER",
            help=spoken("Write the files there too (the task as UTF-16).", "同时写入该文件夹(任务文件为UTF-16)。"),
        ),
    ],
)
@click.pass_obj
def recipe(voice: Voice, plan: str, system: str, at: str | None, out: str | None) -> None:
    """The recipe on stdout; with --out also as files."""
    from ..pipeline import Plan
    from ..pipeline.watch.recipes import make_recipe

    settings = _settings({"plan": plan, "at": at})
    found = make_recipe(system, sys.executable, Path(plan).absolute(), Plan.from_toml(plan).bin, settings)
    for name, text in found.items():
        print(f"# {name}" if len(found) > 1 else "", text, sep="\n" if len(found) > 1 else "", end="", flush=True)
        if out:
            folder = Path(out)
            folder.mkdir(parents=True, exist_ok=True)
            suffix = name if "." in name else f"{name}.txt"
            (folder / suffix).write_text(text, encoding="utf-16" if name.endswith(".xml") else "utf-8", newline="\n")
            voice.say(str(folder / suffix))
