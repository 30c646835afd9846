"""`gridbeacon papers …`, `cap` and `drop`: what leaves the house on paper and to other systems."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from .asked import record_options, spoken, timezone_option
from .commands import gridbeacon
from .options import Command, Option
from .voice import Voice

STATUSES = ("Exercise", "Actual", "System", "Test", "Draft")


@gridbeacon.group(
    help=spoken(
        "Letters and lists from the record, numbered, as DOCX and XLSX, from templates you can replace.",
        "由台账出具函件与清单(DOCX与XLSX),自动编号,模板可替换。",
    ),
    context_settings={"help_option_names": ["-h", "--help"]},
)
def papers() -> None:
    """The commands of paper."""


def _ledger_options() -> list[Option]:
    return [
        *record_options(),
        Option(
            ["--time", "time"],
            metavar="TIME",
            help=spoken(
                "When it is written, by the city's clock, e.g. 2026-01-05T14:30; by default now.",
                "出具时间(当地),如 2026-01-05T14:30;默认为现在。",
            ),
        ),
        timezone_option(),
        Option(
            ["--actor", "actor"],
            metavar="NAME",
            default="papers",
            show_default=True,
            help=spoken("Who does it: a post or a name, kept in the record.", "操作人或岗位,记入台账。"),
        ),
    ]


def _out_options(what: str, what_zh: str) -> list[Option]:
    return [
        Option(["--out", "out"], metavar="PATH", required=True, help=spoken(what, what_zh)),
        Option(
            ["--replace", "replace"],
            is_flag=True,
            help=spoken("Replace files that are there and differ.", "替换内容不同的已有文件。"),
        ),
        Option(
            ["--json", "as_json"],
            is_flag=True,
            help=spoken("Print the result as JSON on stdout.", "在标准输出打印JSON结果。"),
        ),
    ]


def _templates_option() -> Option:
    return Option(
        ["--templates", "templates"],
        metavar="FOLDER",
        help=spoken(
            "Your own templates; a file with the name of one of ours goes before it.",
            "自备模板的文件夹;与标准模板同名的文件优先。",
        ),
        section="files",
    )


def _paper_options() -> list[Option]:
    return [
        _templates_option(),
        Option(
            ["--unit", "unit"],
            metavar="NAME",
            help=spoken("Only this unit.", "只出具给此单位的。"),
            section="settings",
        ),
        Option(
            ["--issuer", "issuer"],
            metavar="NAME",
            default="",
            help=spoken("The office that sends it, for head and signature.", "发文单位,用于版头与落款。"),
            section="settings",
        ),
        Option(
            ["--from", "first"],
            metavar="DATE",
            help=spoken(
                "First day; lists: by default the last complete week or month. Letters: all that is open.",
                "首日;清单默认为上一完整周或月,函件默认为全部在办。",
            ),
            section="settings",
        ),
        Option(
            ["--to", "last"],
            metavar="DATE",
            help=spoken("Last day, included.", "末日(含)。"),
            section="settings",
        ),
    ]


PAPERS = {
    "assign": ("交办函: what was assigned, a letter to each unit.", "交办函:已交办的事项,每单位一函。"),
    "supervise": ("督办函: what is supervised, a letter to each unit.", "督办函:已督办的事项,每单位一函。"),
    "tasks": ("任务清单书: all that is with a unit now, to be worked with.", "任务清单书:各单位现有的全部在办任务。"),
    "rectify": (
        "问题整改书: what was true and came back after closing, or is late though supervised.",
        "问题整改书:属实而销号后重新发生,或经督办仍超期的事项。",
    ),
    "weekly": (
        "周清单: a week's figures by unit and level, and what is open with its deadline.",
        "周清单:按责任单位与等级统计一周情况,并列出在办事项与期限。",
    ),
    "monthly": (
        "月清单: a month's figures by unit and level, and what is open with its deadline.",
        "月清单:按责任单位与等级统计一月情况,并列出在办事项与期限。",
    ),
}


def _add(
    group: click.Group, name: str, helps: tuple[str, str], options: list[Option], work: Callable[..., Any]
) -> None:
    @click.pass_obj
    def call(voice: Voice, **values: Any) -> Any:
        return work(voice, **values)

    group.add_command(Command(name, callback=call, help=spoken(*helps), params=list(options)))


def _paper(kind: str) -> Callable[..., None]:
    def work(voice: Voice, **values: Any) -> None:
        from .papers_work import write_papers

        write_papers(voice, kind, **values)

    return work


def _accountability(voice: Voice, **values: Any) -> None:
    from .papers_work import write_accountability_template

    write_accountability_template(voice, **values)


def _templates(voice: Voice, **values: Any) -> None:
    from .papers_work import write_templates

    write_templates(voice, **values)


def _cap(voice: Voice, **values: Any) -> None:
    from .papers_work import write_messages

    write_messages(voice, **values)


def _drop(voice: Voice, **values: Any) -> None:
    from .papers_work import drop_warnings

    drop_warnings(voice, **values)


_WHERE = (
    "A folder, or one .docx or .xlsx file where there is one paper.",
    "输出文件夹;只有一份时也可写.docx或.xlsx文件名。",
)
for _name, _helps in PAPERS.items():
    _add(papers, _name, _helps, [*_ledger_options(), *_paper_options(), *_out_options(*_WHERE)], _paper(_name))
_add(
    papers,
    "accountability-template",
    ("问责通知书: the empty form, as it lies; nothing ever fills it.", "问责通知书:空白模板原样写出,系统从不填写。"),
    [_templates_option(), *_out_options("A folder, or a .docx file.", "输出文件夹,或.docx文件。")],
    _accountability,
)
_add(
    papers,
    "templates",
    ("Write the templates into a folder, to be changed in Word or WPS.", "将标准模板写入文件夹,可用Word或WPS修改。"),
    _out_options("A folder.", "输出文件夹。"),
    _templates,
)


def _run_option() -> Option:
    return Option(
        ["--run", "run"],
        metavar="FOLDER",
        help=spoken("Folder of a finished run.", "一次已完成运行的成果文件夹。"),
        section="files",
    )


def _message_options() -> list[Option]:
    return [
        Option(
            ["--cells", "cells"],
            metavar="FILE",
            help=spoken(
                "Units with cell_id and polygons, for areas; a run brings its own.",
                "带cell_id的单元面图层,用于区域范围;运行成果自带。",
            ),
            section="files",
        ),
        Option(
            ["--status", "status"],
            type=click.Choice(STATUSES),
            default="Exercise",
            show_default=True,
            help=spoken(
                "What the message is for. Actual has to be said; a drill stays Exercise.",
                "消息性质;Actual须明确指定,演练始终为Exercise。",
            ),
            section="settings",
        ),
        Option(
            ["--sender", "sender"],
            metavar="NAME",
            default="gridbeacon.internal",
            show_default=True,
            help=spoken("Who sends: no blanks, commas, < or &.", "发送方标识,不含空格、逗号、<、&。"),
            section="settings",
        ),
        Option(
            ["--valid-hours", "valid_hours"],
            type=click.IntRange(1, 720),
            default=24,
            show_default=True,
            help=spoken("Hours after which a message expires.", "消息有效时长(小时)。"),
            section="settings",
        ),
    ]


_add(
    gridbeacon,
    "cap",
    (
        "Warnings as CAP 1.2 messages: alerts of a run, or alerts, updates and cancels by the ledger.",
        "将预警输出为CAP 1.2消息:由一次运行出警报,或由台账出警报、更新与解除。",
    ),
    [
        _run_option(),
        *_ledger_options(),
        *_message_options(),
        *_out_options(
            "A folder, or an .xml file where there is one message.", "输出文件夹;只有一条时也可写.xml文件名。"
        ),
    ],
    _cap,
)
_add(
    gridbeacon,
    "drop",
    (
        "Drop a run's warnings as JSON files into a folder that another system watches; each once.",
        "将一次运行的预警以JSON文件投递到其他系统监视的文件夹,每条只投一次。",
    ),
    [
        _run_option(),
        *[option for option in _out_options("The drop folder.", "投递文件夹。") if option.name != "replace"],
    ],
    _drop,
)
