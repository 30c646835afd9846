"""The table [watch] of a plan file: when a run is due, when it is late, how many are made up for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from ...params import check, param
from ..refusals import refusal

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True)
class WatchSettings:
    """How the watch is kept; none of it changes a run's result, so it is no part of the plan's version."""

    at: str = param("06:30", "Local time of day at which the daily or weekly run is started.", zh="每日运行时刻")
    minute: int = param(5, "Minute of the hour at which an hourly run is started.", low=0, high=59, zh="每小时运行分钟")
    grace_hours: float = param(
        2.0, "Hours after its time from which a run counts as late.", unit="h", low=0, high=168, zh="容许迟到"
    )
    catch_up: int = param(
        0, "Missed runs made up for, oldest first, before the one that is due.", low=0, high=400, zh="补跑上限"
    )

    @classmethod
    def of_table(cls, table: Mapping[str, Any], where: str) -> WatchSettings:
        """From the table of a plan file. Raises InputError for a name it does not know or a value out of bounds."""
        known = {f.name: type(f.default) for f in fields(cls)}
        for name, value in table.items():
            if name not in known:
                raise refusal("E-PLAN-004", where=where, table="watch", name=name)
            fit = known[name] is type(value) or (known[name] is float and type(value) is int)
            if not fit:
                default = cls.__dataclass_fields__[name].default
                raise refusal("E-PLAN-005", where=where, name=name, kind=known[name].__name__, value=value,
                              default=default)  # fmt: skip
        made = cls(**table)
        check(made)
        if not _CLOCK.fullmatch(made.at):
            raise refusal("E-WATCH-001", where=where, text=made.at)
        return made
