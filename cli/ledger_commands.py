"""`gridbeacon ledger …`: what people say about warnings, and what the record says of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from .asked import record_options, spoken, timezone_option
from .commands import gridbeacon
from .ledger_words import EVENTS_OF_COMMANDS, LEVELS, STATES, VERDICTS, choice
from .options import Argument, Command, Option
from .voice import Voice


class Life(click.Group):
    """Commands in the order of a warning's life, not of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands as they were entered."""
        return list(self.commands)


@gridbeacon.group(
    cls=Life,
    help=spoken(
        "The record of warnings: what was issued, who judged it, who has it, how it ended.",
        "预警台账:发布、研判、交办、办理、督办、销号的全程记录。",
    ),
    context_settings={"help_option_names": ["-h", "--help"]},
)
def ledger() -> None:
    """The commands of the record."""


def _time_options() -> list[Option]:
    return [
        Option(
            ["--time", "time"],
            metavar="TIME",
            help=spoken(
                "When, by the city's clock, e.g. 2026-01-05T14:30; by default now.",
                "当地时间,如 2026-01-05T14:30;默认为现在。",
            ),
        ),
        timezone_option(),
    ]


def _json_option() -> Option:
    return Option(
        ["--json", "as_json"],
        is_flag=True,
        help=spoken("Print the result as JSON on stdout.", "在标准输出打印JSON结果。"),
    )


def _actor_option(required: bool = True) -> Option:
    return Option(
        ["--actor", "actor"],
        metavar="NAME",
        required=required,
        help=spoken("Who does it: a post or a name, kept in the record.", "操作人或岗位,记入台账。"),
    )


def _note_option() -> Option:
    return Option(
        ["--note", "note"], metavar="TEXT", default="", help=spoken("A note for the record.", "说明,记入台账。")
    )


def _filter_options() -> list[Option]:
    return [
        Option(
            ["--state", "state"],
            multiple=True,
            type=choice(STATES),
            help=spoken("Only warnings in this state; may be repeated.", "只看此状态,可给多个。"),
            section="settings",
        ),
        Option(
            ["--level", "level"],
            multiple=True,
            type=choice(LEVELS),
            help=spoken("Only this level; may be repeated.", "只看此等级,可给多个。"),
            section="settings",
        ),
        Option(
            ["--unit", "unit"],
            metavar="TEXT",
            help=spoken("Only what this unit is responsible for, or a part of its name.", "责任单位名称或其中一部分。"),
            section="settings",
        ),
        Option(
            ["--place", "place"],
            metavar="TEXT",
            help=spoken("Only places with this code, or this in their name.", "地点编码,或地点名称的一部分。"),
            section="settings",
        ),
        Option(
            ["--class", "category"],
            metavar="TEXT",
            help=spoken("Only this class and those below it.", "此类别及其下级类别。"),
            section="settings",
        ),
        Option(
            ["--from", "first"],
            metavar="DATE",
            help=spoken("First issued on this day or later.", "首次发布不早于此日。"),
            section="settings",
        ),
        Option(
            ["--to", "last"],
            metavar="DATE",
            help=spoken("First issued on this day or earlier.", "首次发布不晚于此日。"),
            section="settings",
        ),
    ]


def _add(name: str, english: str, chinese: str, options: list[click.Parameter], work: Callable[..., Any]) -> None:
    """Enter one command into the group; *work* gets the voice and the values of the options."""

    @click.pass_obj
    def call(voice: Voice, **values: Any) -> Any:
        return work(voice, **values)

    every = [*options, *record_options(), _json_option()]
    ledger.add_command(Command(name, callback=call, help=spoken(english, chinese), params=every))


def _id_argument(required: bool = True) -> Argument:
    about = spoken(
        "The warning's id, or its first signs (four at least) if no other begins so.",
        "预警编号,或其开头几位(至少四位且唯一)。",
    )
    return Argument(["warning_id"], metavar="ID" if required else "[ID]", required=required, about=about)


def _list(voice: Voice, **values: Any) -> None:
    from .ledger_work import list_warnings

    list_warnings(voice, **values)


def _show(voice: Voice, **values: Any) -> None:
    from .ledger_work import show_warning

    show_warning(voice, **values)


def _overdue(voice: Voice, **values: Any) -> None:
    from .ledger_work import list_overdue

    list_overdue(voice, **values)


def _summary(voice: Voice, **values: Any) -> None:
    from .ledger_work import summarise_ledger

    summarise_ledger(voice, **values)


def _deadlines(voice: Voice, **values: Any) -> None:
    from .ledger_work import tell_or_set_deadlines

    tell_or_set_deadlines(voice, **values)


def _export(voice: Voice, **values: Any) -> None:
    from .ledger_sheets import export_sheet

    export_sheet(voice, **values)


def _import(voice: Voice, **values: Any) -> None:
    from .ledger_sheets import import_sheets

    import_sheets(voice, **values)


def _event(event: str) -> Callable[..., None]:
    def work(voice: Voice, **values: Any) -> None:
        from .ledger_work import record_event, verify_chain

        if event == "verified" and not values["warning_id"]:
            return verify_chain(voice, **values)
        return record_event(voice, event, **values)

    return work


def _options_of(event: str) -> list[click.Parameter]:
    """The options an event has beside those all have."""
    due = Option(
        ["--due", "due"],
        metavar="TIME",
        help=spoken(
            "By when; a day alone means the end of that working day. By default the ledger's deadline.",
            "办理时限;只写日期指当日下班前。默认按台账的时限规则。",
        ),
    )
    own: dict[str, list[click.Parameter]] = {
        "judged": [
            Option(
                ["--verdict", "verdict"],
                required=True,
                type=choice(VERDICTS),
                help=spoken("What it turned out to be: true, false or unclear.", "研判结论:属实、误报、未核。"),
            )
        ],
        "assigned": [
            Option(
                ["--to", "to"],
                metavar="UNIT",
                help=spoken(
                    "Unit that is to handle it; by default the one the warning names as responsible.",
                    "承办单位;默认为预警所列责任单位。",
                ),
            ),
            due,
        ],
        "supervised": [due],
        "corrected": [
            Option(
                ["--set", "changes"],
                metavar="NAME=VALUE",
                multiple=True,
                required=True,
                help=spoken(
                    "What it should have said, e.g. level=orange; may be repeated.",
                    "更正为,如 level=orange,可给多个。",
                ),
            ),
            _seq_option(),
        ],
        "cancelled": [_seq_option()],
    }
    return own.get(event, [])


def _seq_option() -> Option:
    return Option(
        ["--event", "seq"],
        type=int,
        metavar="NUMBER",
        help=spoken(
            "Number of the event that is meant; by default the last issue.", "所指记录的序号;默认为最近一次发布。"
        ),
    )


def _add_events() -> None:
    for event, (name, english, chinese) in EVENTS_OF_COMMANDS.items():
        chain = event == "verified"
        who = [_id_argument(not chain), *_options_of(event), _actor_option(not chain)]
        options = [*who, _note_option(), *_time_options()]
        _add(name, english, chinese, options, _event(event))


_add("list", "List warnings and where they stand.", "列出预警及其办理状态。", [*_filter_options()], _list)
_add(
    "show",
    "Show one warning: its evidence and its whole life. Every event stands there with who, when and why.",
    "查看一条预警的全程:依据,以及每一步的人、时间与说明。",
    [_id_argument()],
    _show,
)
_add_events()
_add(
    "overdue",
    "List what is past its deadline. That is what waits too long to be judged, assigned or handled.",
    "列出超过时限未研判、未交办、未办理的预警,提请督办。",
    [*_filter_options(), *_time_options()],
    _overdue,
)
_add(
    "deadlines",
    "Show the deadlines, or put a plan's in force. A plan file has them in its table [deadlines].",
    "查看各步骤的时限;或启用方案文件[deadlines]表中的时限。",
    [
        Option(
            ["--apply", "apply"],
            is_flag=True,
            help=spoken("Put the plan's deadlines in force from now on.", "自现在起启用方案中的时限。"),
        ),
        _actor_option(required=False),
        *_time_options(),
    ],
    _deadlines,
)
_add(
    "summary",
    "Count by state, level, lateness and outcome. What was handled and what was only reported stand apart.",
    "汇总:各状态、各等级件数,超期件数;办理与报备分别统计销号率。",
    [*_filter_options(), *_time_options()],
    _summary,
)
_add(
    "export",
    "Write the hand-over sheet, to be filled in. It holds what is with units, or what the filters ask for.",
    "导出交办表(xlsx),供承办单位填写后读回。",
    [
        Option(
            ["--out", "out"],
            metavar="FILE.xlsx",
            required=True,
            help=spoken("File to write; with --each-unit a folder.", "输出文件;与 --each-unit 同用时为文件夹。"),
        ),
        Option(
            ["--each-unit", "each_unit"],
            is_flag=True,
            help=spoken("One sheet for every unit, with its own warnings only.", "每个承办单位一份,只含本单位的预警。"),
        ),
        Option(
            ["--replace", "replace"], is_flag=True, help=spoken("Replace the file if it is there.", "替换已有文件。")
        ),
        *_filter_options(),
        *_time_options(),
    ],
    _export,
)
_add(
    "import",
    "Read filled-in hand-over sheets. What is known already is not recorded again.",
    "读回填好的交办表;已登记过的内容不会重复登记。",
    [
        Argument(
            ["sheets"],
            metavar="FILE.xlsx...",
            nargs=-1,
            required=True,
            about=spoken("Hand-over sheets that were filled in.", "填好的交办表。"),
        ),
        _actor_option(),
        *_time_options(),
    ],
    _import,
)
