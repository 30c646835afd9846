"""How to have the watch started by the machine: text for cron, systemd and Windows. Nothing is installed."""

from __future__ import annotations

import shlex
from html import escape
from pathlib import Path
from subprocess import list2cmdline  # nosec B404

from .settings import WatchSettings

SYSTEMS = ("cron", "systemd", "windows")
_NAME = "gridbeacon-watch"


def make_recipe(system: str, python: str, plan: Path, bin: str, settings: WatchSettings) -> dict[str, str]:
    """What to install, by the name of its file: `crontab`; a service and a timer; a task and the command for it.

    python : the interpreter that runs GridBeacon. plan : the plan file, made absolute by the caller.
    """
    command = [python, "-m", "gridbeacon", "run", "--plan", str(plan), "--progress", "none"]
    if system == "cron":
        return {"crontab": _crontab(command, plan, bin, settings)}
    if system == "systemd":
        return _systemd(command, plan, bin, settings)
    return _windows(command, plan, bin, settings)


def _clock(settings: WatchSettings) -> tuple[int, int]:
    hour, minute = map(int, settings.at.split(":"))
    return hour, minute


def _crontab(command: list[str], plan: Path, bin: str, settings: WatchSettings) -> str:
    """One line. Silence is success: what goes wrong is printed, and cron mails it to the account."""
    hour, minute = _clock(settings)
    times = {"hour": f"{settings.minute} * * * *", "day": f"{minute} {hour} * * *", "week": f"{minute} {hour} * * 1"}
    line = f"cd {shlex.quote(str(plan.parent))} && PYTHONUTF8=1 {shlex.join(command)}"
    return f"{times[bin]} {line.replace('%', chr(92) + '%')}\n"  # a bare % ends the command of a crontab line


def _systemd(command: list[str], plan: Path, bin: str, settings: WatchSettings) -> dict[str, str]:
    times = {"hour": f"*-*-* *:{settings.minute:02d}:00", "day": f"*-*-* {settings.at}:00",
             "week": f"Mon *-*-* {settings.at}:00"}  # fmt: skip
    service = (
        "[Unit]\nDescription=GridBeacon daily watch\n\n[Service]\nType=oneshot\nEnvironment=PYTHONUTF8=1\n"
        f"WorkingDirectory={str(plan.parent).replace('%', '%%')}\nExecStart={' '.join(map(_quoted, command))}\n"
    )
    timer = (
        f"[Unit]\nDescription=GridBeacon daily watch\n\n[Timer]\nOnCalendar={times[bin]}\nPersistent=true\n\n"
        "[Install]\nWantedBy=timers.target\n"
    )
    return {f"{_NAME}.service": service, f"{_NAME}.timer": timer}


def _quoted(word: str) -> str:
    """A word of ExecStart: quoted, with `%`, `$`, backslash and quotes taken as they are."""
    for mark, plain in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$")):
        word = word.replace(mark, plain)
    return f'"{word}"'


def _windows(command: list[str], plan: Path, bin: str, settings: WatchSettings) -> dict[str, str]:
    hour, minute = _clock(settings)
    arguments = list2cmdline(command[1:])
    time, repeat = f"{hour:02d}:{minute:02d}", ""
    if bin == "hour":
        time = f"00:{settings.minute:02d}"
        repeat = (
            "<Repetition><Interval>PT1H</Interval><Duration>P1D</Duration>"
            "<StopAtDurationEnd>false</StopAtDurationEnd></Repetition>"
        )
    trigger = f"{repeat}<StartBoundary>2026-01-05T{time}:00</StartBoundary>"  # a Monday; the date only has to be past
    weekly = "<ScheduleByWeek><WeeksInterval>1</WeeksInterval><DaysOfWeek><Monday/></DaysOfWeek></ScheduleByWeek>"
    daily = "<ScheduleByDay><DaysInterval>1</DaysInterval></ScheduleByDay>"
    schedule = weekly if bin == "week" else daily
    task = f"""<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>GridBeacon 值守 / daily watch</Description></RegistrationInfo>
  <Triggers><CalendarTrigger>{trigger}<Enabled>true</Enabled>{schedule}</CalendarTrigger></Triggers>
  <Principals><Principal id="Author"><LogonType>InteractiveToken</LogonType></Principal></Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT4H</ExecutionTimeLimit>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{escape(command[0])}</Command>
      <Arguments>{escape(arguments)}</Arguments>
      <WorkingDirectory>{escape(str(plan.parent))}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""
    create = list2cmdline(["schtasks", "/Create", "/TN", "GridBeacon\\" + _NAME, "/XML", f"{_NAME}.xml"])
    return {f"{_NAME}.xml": task, "schtasks": create + "\n"}
