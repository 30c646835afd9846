"""The step `count_incidents`: incidents and cells -> a table of counts, however long the files are."""

from __future__ import annotations

from typing import Any

from ..errors import Notice
from ..layers.incidents.rules import notice
from .inputs import Files
from .refusals import refusal
from .voice import Progress

COUNTING = ("as_of", "bin", "timezone", "duplicates")
"""Settings of the plan that matter to counting."""

HELP = (
    "Count incidents by class, source, kind, cell and bin; long text files are read in pieces where --as-of is given.",
    "按类别、来源、办理类型、网格与时段计数;给定 --as-of 时,大文本文件分段读取,内存不随行数增长。",
)


def counting_params() -> list[tuple[str, Any, Any, Any]]:
    """(name, type, default, Param) of the step's settings, all of them the plan's."""
    from ..pipeline.plan import plan_params

    return [(name, kind, default, p) for name, _, _, kind, default, p in plan_params() if name in COUNTING]


def count(files: Files, settings: dict[str, Any], progress: Progress) -> tuple[Any, list[Any]]:
    """One row per class, source, kind, cell and bin that holds an incident; the account is told, and which way it went.

    Raises AccountError where the account does not add up.
    """
    from ..layers.grids import read_cells
    from ..layers.privacy import Privacy, read_policy
    from ..layers.run_folder import check_account
    from ..pipeline import Plan
    from ..pipeline.stream import count_files
    from ..pipeline.sums import table_of

    given = files.for_run()
    if not files.cells:
        raise refusal("E-ASK-001", where="command line")
    plan = Plan().with_settings({name: value for name, value in settings.items() if name in COUNTING}).checked()
    facts = {"columns": given["cell_columns"], "crs": given["cells_crs"]}
    counted = count_files(
        given["incidents"],
        lambda as_of: read_cells(given["cells"], **facts, valid_at=as_of),
        plan,
        columns=given["columns"],
        crs=given["crs"],
        classes=given["classes"],
        privacy=Privacy(read_policy(given["class_policy"])),
        progress=progress,
    )
    account = check_account(counted.account)
    return table_of(counted.counts), [*counted.notices, _way(counted), _sum_of(account)]


def _way(counted: Any) -> Notice:
    code = "N-COUNT-001" if counted.whole else "N-COUNT-002"
    return notice(code, moment=f"{counted.as_of:%Y-%m-%d %H:%M}")


def _sum_of(account: dict[str, int]) -> Notice:
    """The account as a sum anyone can check."""
    rest = " + ".join(f"{name} {n:,}" for name, n in account.items() if name != "rows_in")
    return notice("N-COUNT-003", account=f"rows_in {account['rows_in']:,} = {rest}")
