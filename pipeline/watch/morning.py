"""The whole morning, unattended: lock, log, the runs that are due, the note of how it ended, and the page."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from ... import __version__
from ...errors import Cancelled, GridBeaconError, Refusal
from ...layers import ledger as ledgers
from ..files import input_hashes
from ..journey import Progress, gather_inputs, run
from ..outcome import Outcome
from ..plan import Plan
from ..preparation import prepare
from ..redivision import last_moment
from .diary import Diary, told_without_data
from .lock import RunLock
from .page import make_page
from .place import CityFolder, GoodRun
from .settings import WatchSettings
from .since import missed_moments
from .status import late_from

CANCELLED = 130


@dataclass(frozen=True)
class Done:
    """One run of a watch: its folder; `outcome` is None where an equal run had been done before."""

    folder: Path
    as_of: str
    outcome: Outcome | None


class Watch:
    """The watch over a city folder while it works; a context manager.

    Entering takes the lock (EnvironmentProblem where another run is under way), opens the log and notes the attempt.
    Leaving notes how it ended, with the error's code and words in both languages but no fact from the data, and writes
    the page anew; a run that failed changes nothing else. `place`, `settings`, `bin` and `timezone` may be set once
    they are known. *catalogue* holds the refusals whose words may stand in the log; *name* gives any other exception as
    one of ours.
    """

    def __init__(
        self,
        place: CityFolder,
        clock: Callable[[], datetime],
        catalogue: Mapping[str, Refusal],
        name: Callable[[Exception], GridBeaconError],
    ):
        self.place, self.clock, self.catalogue, self.name = place, clock, dict(catalogue), name
        self.settings, self.timezone, self.bin = WatchSettings(), "Asia/Shanghai", "day"
        self._lock = RunLock(place.lock, clock)

    def __enter__(self) -> Watch:
        self._lock.__enter__()
        try:
            self.diary = Diary(self.place.log_file(), self.clock)
        except BaseException as error:
            self._lock.__exit__(type(error), error, None)
            raise
        self._started = {"started": self._now(), "host": socket.gethostname(), "pid": os.getpid()}
        self.diary.line(f"begins, process {os.getpid()}|开始,进程{os.getpid()}")
        if self._lock.left is not None:
            since = str(self._lock.left.get("since", "?"))
            self.diary.line(f"the run begun at {since} was broken off, taken over|{since}开始的运行曾中断,已接管")
        self.place.note_attempt(self._started)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            told = self._told(error)
            code = 0 if error is None else CANCELLED if not told["code"] else self.name(error).exit_code
            if told:
                self.diary.line(f"{told['problem']} {told['code']}|{told['problem_zh']} {told['code']}")
            self.diary.line(f"ends, exit code {code}|结束,退出码{code}")
            attempt = {**self._started, "ended": self._now(), "exit_code": code, **told}
            self._leave_word(attempt)
        finally:
            self.diary.__exit__()
            self._lock.__exit__(kind, error, trace)

    def _told(self, error: BaseException | None) -> dict[str, str]:
        """Code and words of what ended the run; no code where someone stopped it, nothing where nothing did."""
        if error is None:
            return {}
        stopped = not isinstance(error, Exception) or isinstance(error, Cancelled)
        return told_without_data(error if stopped else self.name(error), self.catalogue)

    def _leave_word(self, attempt: dict[str, Any]) -> None:
        """The note and the page; that they cannot be written is logged and never hides what went wrong before."""
        from ...layers.whole_file import write_whole

        try:
            self.place.note_attempt(attempt)
            good = self.place.good_runs()[:1]
            due = late_from(good[0].as_of, self.bin, self.settings, self.timezone).isoformat() if good else ""
            write_whole(self.place.page, make_page(self.place, attempt, due).encode("utf-8"))
        except (GridBeaconError, OSError) as error:
            told = told_without_data(error, self.catalogue)
            self.diary.line(f"page or note not written: {told['problem']}|页面或记录未写入:{told['problem_zh']}")

    def _now(self) -> str:
        return self.clock().isoformat(timespec="seconds")


def watch_run(
    watch: Watch,
    plan: Plan,
    sources: Mapping[str, Any],
    *,
    ledger: str | None,
    record: str | None,
    public: Path | None,
    overwrite: bool,
    progress: Progress,
) -> list[Done]:
    """Every run that is due: missed ones up to the limit of `catch_up`, oldest first, then the one of the plan.

    A run equal in plan, inputs and version to a complete one that was issued is not done again. Otherwise a moment of
    decision that has its folder already gets another beside it; the ledger takes up what is new in it alone. *public*
    is the folder in which each run has one for everyone.
    """
    watch.bin, watch.timezone = plan.bin, plan.timezone

    def told(fraction: float, text: str) -> None:
        watch.diary.step(fraction, text)
        progress(fraction, text)

    done = _done_before(watch.place, plan, sources, ledger)
    if done is not None and not overwrite:
        watch.diary.line(f"{done.run_id}: done before, nothing new|{done.run_id}:此前已完成,没有新内容")
        return [Done(done.folder, done.as_of, None)]
    plans = [*_missed(watch, plan, sources, ledger, told), plan]
    out = {"ledger": ledger, "record": record, "replace": overwrite}
    return [_one(watch, each, sources, out, public, told) for each in plans]


def _one(
    watch: Watch, plan: Plan, sources: Mapping[str, Any], out: Mapping[str, Any], public: Path | None, told: Progress
) -> Done:
    place = watch.place
    runs, overwrite = place.good_runs(), bool(out["replace"])
    for_everyone = replace(place, runs=public) if public else None
    outcome = run(
        plan,
        **sources,
        **out,
        out=lambda as_of: place.folder_for(as_of, overwrite),
        public=(lambda as_of: for_everyone.folder_for(as_of, overwrite)) if for_everyone else None,
        last_run=runs[0].as_of if runs else None,
        progress=told,
    )
    table = outcome.early_warnings
    counts = table["change"].value_counts()
    changes = " ".join(f"{word}{int(counts.get(word, 0))}" for word in ("新增", "升级", "持续", "解除"))
    folder = Path(str(outcome.out))
    rows = f"{outcome.account['rows_in']} rows in, {outcome.account['rows_used']} used"
    rows_zh = f"读入{outcome.account['rows_in']}行,使用{outcome.account['rows_used']}行"
    as_of = str(outcome.facts["as_of"])
    watch.diary.line(f"{folder.name}: {rows}, {len(table)} warnings, data up to {as_of}|"
                     f"{folder.name}:{rows_zh},预警{len(table)}条({changes}),数据截止{as_of}")  # fmt: skip
    for told_of in outcome.facts["notices"]:
        if told_of["code"].startswith("N-RUN"):
            watch.diary.line(f"{told_of['code']} {told_of['en']}|{told_of['code']} {told_of['zh']}")
    return Done(folder, as_of, outcome)


def _done_before(place: CityFolder, plan: Plan, sources: Mapping[str, Any], ledger: str | None) -> GoodRun | None:
    """The complete and issued run that this one would repeat."""
    key = {"plan_version": plan.version, "version": __version__}
    alike = [each for each in place.good_runs() if all(each.manifest.get(name) == own for name, own in key.items())]
    if not alike:
        return None
    hashes = input_hashes(gather_inputs(**sources))
    if not all(hashes.values()):
        return None  # a database's table has no hash: it may have changed
    equal = (former for former in alike if former.manifest.get("inputs") == hashes)
    return next((former for former in equal if ledger is None or _was_issued(ledger, former.as_of)), None)


def _was_issued(ledger: str, as_of: str) -> bool:
    with ledgers.open_ledger(ledger) as book:
        return any(e["event"] == ledgers.RUN_ISSUED and e["time"] == as_of for e in book.events(""))


def _missed(watch: Watch, plan: Plan, sources: Mapping[str, Any], ledger: str | None, told: Progress) -> list[Plan]:
    """Plans of the missed runs that are made up for: the last `catch_up` ones, oldest first."""
    if not watch.settings.catch_up:
        return []
    inputs = gather_inputs(**sources)
    now = plan.moment() or prepare(plan.checked(), inputs, lambda f, text: told(0.1 * f, text)).as_of
    runs = [each.as_of for each in watch.place.good_runs() if each.as_of < now.isoformat()]
    last: Any = runs[0] if runs else None
    if ledger is not None:
        with ledgers.open_ledger(ledger) as book:
            last = last_moment(book, now.isoformat())
    if last is None:
        return []
    missed = missed_moments(last, now, plan.bin)
    kept = missed[-watch.settings.catch_up :]
    watch.diary.line(
        f"{len(missed)} runs were missed, {len(kept)} are made up for|漏跑{len(missed)}次,补跑{len(kept)}次"
    )
    return [plan.with_settings({"as_of": moment.isoformat()}) for moment in kept]


def at_place(watch: Watch, runs: Path, settings: WatchSettings) -> None:
    """Tell a watch that is under way where runs go and how it is kept, once the plan has been read."""
    watch.place, watch.settings = replace(watch.place, runs=runs), settings
