"""What several commands ask in the same words: options, and the inputs and plan they make."""

from __future__ import annotations

from typing import Any

import click

from .file_words import OF_RUNS
from .inputs import Files, merged, of_options, of_plan_file
from .options import Option, given, load_schema
from .voice import MODES, language


def spoken(english: str, chinese: str) -> str:
    """The one of two texts that the reader speaks."""
    return chinese if language() == "zh" else english


def json_option() -> Option:
    """--json."""
    return Option(
        ["--json", "as_json"],
        is_flag=True,
        help=spoken("Print the result as JSON on stdout.", "在标准输出打印JSON结果。"),
    )


def progress_option() -> Option:
    """--progress."""
    return Option(
        ["--progress", "progress"],
        type=click.Choice(MODES),
        default="bar",
        help=spoken("A bar for people, JSON lines for programs, or nothing.", "进度显示:进度条、JSON行或不显示。"),
    )


def plan_option() -> Option:
    """--plan."""
    return Option(
        ["--plan", "plan"],
        metavar="FILE.toml",
        help=spoken(*OF_RUNS["plan"]),
        section="files",
    )


def preset_option() -> Option:
    """--preset."""
    return Option(
        ["--preset", "preset"],
        type=click.Choice([preset["name"] for preset in load_schema()["run"].get("presets", ())]),
        help=spoken(*OF_RUNS["preset"]),
        section="files",
    )


def out_option(help: str, **facts: Any) -> Option:
    """--out, with what it means here."""
    return Option(["--out", "out"], metavar="PATH", help=help, **facts)


NEW_FOLDER = spoken(
    "Folder to write; it must not exist yet. Without it a new one with the date in its name.",
    "成果文件夹,须尚不存在;不给则按日期新建。",
)


def ledger_option() -> Option:
    """--ledger."""
    return Option(
        ["--ledger", "ledger"],
        metavar="FILE",
        help=spoken(*OF_RUNS["ledger"]),
    )


def public_option() -> Option:
    """--public."""
    return Option(
        ["--public"],
        metavar="FOLDER",
        help=spoken(*OF_RUNS["public"]),
    )


def calibration_option() -> Option:
    """--calibration."""
    return Option(
        ["--calibration"],
        metavar="FILE",
        help=spoken(*OF_RUNS["calibration"]),
        section="files",
    )


def basemap_options() -> list[Option]:
    """--basemap and --basemap-crs."""
    layers = Option(
        ["--basemap"],
        multiple=True,
        metavar="FILE",
        help=spoken(*OF_RUNS["basemap"]),
        section="files",
    )
    system = Option(
        ["--basemap-crs", "basemap_crs"],
        metavar="CRS",
        help=spoken(*OF_RUNS["basemap_crs"]),
        section="files",
    )
    return [layers, system]


def repair_option() -> Option:
    """--repair."""
    return Option(
        ["--repair"],
        is_flag=True,
        help=spoken(*OF_RUNS["repair"]),
    )


def catch_up_option() -> Option:
    """--catch-up."""
    return Option(
        ["--catch-up", "catch_up"],
        type=click.IntRange(0, 400),
        metavar="N",
        help=spoken(
            "With a plan and no --out: first make up for the last N missed runs, oldest first.",
            "与方案同用且不给 --out 时:先按次序补跑最近漏掉的N次。",
        ),
    )


def log_option() -> Option:
    """--log."""
    return Option(
        ["--log", "log"],
        metavar="FILE",
        help=spoken(
            "With a plan and no --out: the log; by default watch.log beside the plan.",
            "与方案同用且不给 --out 时:日志文件;默认为方案旁的watch.log。",
        ),
    )


def replace_option() -> Option:
    """--replace."""
    return Option(
        ["--replace", "replace"],
        is_flag=True,
        help=spoken("Replace what an earlier run wrote there.", "替换先前的成果。"),
    )


def inputs_and_plan(values: dict[str, Any]) -> tuple[Files, Any]:
    """Files and Plan of a command: its options over the plan file over the defaults."""
    from ..pipeline import Plan
    from ..pipeline.presets import preset_settings

    preset = values.get("preset") or ""
    inputs, plan = of_options(values), Plan().with_settings(preset_settings(preset))
    if values.get("plan"):
        inputs, plan = merged(inputs, of_plan_file(values["plan"])), Plan.from_toml(values["plan"], preset)
    return inputs, plan.with_settings(given(values, load_schema()["run"]["params"]))


def record_options() -> list[Option]:
    """--ledger and --plan, either of which names the record."""
    return [
        Option(
            ["--ledger", "ledger"],
            metavar="FILE",
            help=spoken(
                "The ledger: .sqlite, .gpkg, or postgresql://… for a database.",
                "台账:.sqlite、.gpkg,或数据库地址 postgresql://…。",
            ),
            section="files",
        ),
        Option(
            ["--plan", "plan"],
            metavar="FILE.toml",
            help=spoken("Plan file that names the ledger and the time zone.", "写有台账与时区的方案文件。"),
            section="files",
        ),
    ]


def timezone_option() -> Option:
    """--timezone, of the city's clock."""
    return Option(
        ["--timezone", "timezone"],
        metavar="ZONE",
        help=spoken(
            "Time zone of the city's clock; by default the plan's, else Asia/Shanghai.",
            "当地时区;默认取方案中的时区,否则为Asia/Shanghai。",
        ),
    )
