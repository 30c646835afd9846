"""`gridbeacon learn`: what the verdicts of a ledger teach. Nothing is changed by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .asked import json_option, out_option, spoken
from .commands import gridbeacon
from .options import Command, Option
from .refusals import refusal
from .voice import Voice, print_json


@gridbeacon.command(
    cls=Command,
    help=spoken(
        "What verdicts teach: how often warnings were right, by level, model and class, and what other cuts give.",
        "研判结果说明什么:各等级、模型、类别的属实率,以及何种阈值可达到目标;只作建议,不改动任何设置。",
    ),
    params=[
        Option(
            ["--ledger", "ledger"],
            metavar="FILE",
            required=True,
            help=spoken("Ledger with the verdicts.", "含研判结论的台账。"),
        ),
        Option(
            ["--precision", "precision"],
            type=click.FloatRange(0.05, 1.0),
            default=0.7,
            show_default=True,
            help=spoken("Share of true ones that a suggested threshold should give.", "建议阈值应达到的属实率。"),
        ),
        out_option(spoken("File to write: .csv or .json.", "输出文件:.csv或.json。")),
        Option(
            ["--replace", "replace"],
            is_flag=True,
            help=spoken("Replace what an earlier run wrote there.", "替换先前的成果。"),
        ),
        json_option(),
    ],
)
@click.pass_obj
def learn(voice: Voice, ledger: str, precision: float, out: str | None, replace: bool, as_json: bool) -> None:
    """Read the ledger, tell, and write what is asked for."""
    from ..layers.ledger import open_ledger
    from ..pipeline.learning import learned

    path = _checked(out, replace)
    with open_ledger(ledger, create=False) as book:
        found = learned(book, precision)
    if path is not None:
        _write(path, found)
    _tell(voice, found)
    if as_json:
        print_json(found)


def _checked(out: str | None, replace: bool) -> Path | None:
    if not out:
        return None
    path = Path(out)
    if path.suffix.lower() not in (".csv", ".json"):
        raise refusal("E-LEARN-001", where="--out")
    if path.exists() and not replace:
        raise refusal("E-LEARN-002", where=str(path))
    return path


def _write(path: Path, found: dict[str, Any]) -> None:
    """Complete or not at all."""
    from ..layers.spreadsheets import write_csv
    from ..pipeline.learning import as_text, long_table

    partial = path.with_name(f".{path.name}.part")
    try:
        if path.suffix.lower() == ".csv":
            write_csv(partial, long_table(found))
        else:
            partial.write_text(as_text(found), encoding="utf-8", newline="\n")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _tell(voice: Voice, found: dict[str, Any]) -> None:
    totals = found["totals"]
    voice.say(
        voice.pick(
            f"{totals['warnings']} warnings: {totals['true']} true, {totals['false']} false, "
            f"{totals['unclear']} not established, {totals['unjudged']} not judged",
            f"提示{totals['warnings']}条:属实{totals['true']},误报{totals['false']},未核{totals['unclear']},"
            f"未研判{totals['unjudged']}",
        )
    )
    for row in found["by_level"]:
        if row["precision"] is not None:
            voice.say("  " + _share(voice, row))
    for row in found["thresholds"]:
        voice.say("  " + _suggestion(voice, row))
    for text in found["caveats_en"] if voice.lang == "en" else found["caveats"]:
        voice.say("  - " + text)


_LEVELS = {"red": "红色", "orange": "橙色", "yellow": "黄色", "blue": "蓝色"}


def _share(voice: Voice, row: dict[str, Any]) -> str:
    judged = row["true"] + row["false"]
    return voice.pick(
        f"{row['group']}: {row['true']} of {judged} judged true, {row['precision']:.0%} "
        f"(95 % interval {row['low']:.0%} to {row['high']:.0%})",
        f"{_LEVELS.get(row['group'], row['group'])}:已判{judged}条中属实{row['true']}条,属实率{row['precision']:.0%}"
        f"(95%区间{row['low']:.0%}至{row['high']:.0%})",
    )


_NONE = {
    "too few verdicts": "结论太少,不作建议",
    "no threshold reaches it": "没有阈值能达到",
    "as it is": "现行阈值已达到",
}


def _suggestion(voice: Voice, row: dict[str, Any]) -> str:
    level = _LEVELS[row["level"]]
    if row["status"] != "suggested":
        return voice.pick(
            f"{row['level']}, for {row['wanted']:.0%} true: {row['status']} ({row['judged']} verdicts)",
            f"{level},目标属实率{row['wanted']:.0%}:{_NONE[row['status']]}(已有结论{row['judged']}条)",
        )
    return voice.pick(
        f"{row['level']}, for {row['wanted']:.0%} true: a recurrence of {row['days']:.0f} days would have given "
        f"{row['precision']:.0%} ({row['low']:.0%} to {row['high']:.0%}), losing {row['true_lost']} true ones and "
        f"sparing {row['false_spared']} false ones",
        f"{level},目标属实率{row['wanted']:.0%}:若重现期取{row['days']:.0f}天,属实率为{row['precision']:.0%}"
        f"({row['low']:.0%}至{row['high']:.0%}),会漏掉属实{row['true_lost']}条、免去误报{row['false_spared']}条",
    )
