"""What the commands say when they are done: words on stderr, the same facts as JSON on stdout when asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..layers.chance import false_words
from ..layers.style import LEVELS
from .voice import Voice, print_json

ACCOUNT_WORDS = {
    "rows_in": ("read", "读入"),
    "rows_used": ("used", "使用"),
    "rows_after_as_of": ("after the moment of decision", "研判时点之后"),
    "rows_before_period": ("before the period", "统计期之前"),
    "rows_outside": ("outside every cell", "网格之外"),
    "rows_duplicate": ("duplicates", "重复"),
    "rows_excluded": ("left out by class", "类别不计"),
    "rows_quarantined": ("quarantined", "隔离"),
}
MOST_CLASSES = 12


def tell_outcome(voice: Voice, outcome: Any, as_json: bool) -> None:
    """After a run: account, notices, warnings, where the briefing lies."""
    voice.close()
    manifest, out = outcome.manifest, Path(outcome.out)
    for notice in outcome.facts["notices"]:
        voice.notice(notice)
    _tell_account(voice, manifest["account"])
    warnings = outcome.early_warnings
    _tell_warnings(voice, warnings)
    zh, en = false_words(outcome.facts["expected_false"])
    voice.say(voice.pick(f"  {en}", f"  {zh}"))
    _tell_before(voice, outcome.facts["year_on_year"]["city"])
    briefing = out / "briefing.html"
    voice.say(voice.pick(f"briefing: {briefing}", f"晨报:{briefing}"))
    if voice.mode == "json":
        levels = {level.name: int((warnings["level"] == level.name).sum()) for level in LEVELS}
        numbers = {"warnings": len(warnings), **levels, **manifest["account"]}
        done = {"out": str(out), "briefing": str(briefing), "warnings": len(warnings), "numbers": numbers}
        voice.emit({"done": done})
    if as_json:
        print_json(manifest)


def _tell_before(voice: Voice, city: dict[str, dict[str, Any]]) -> None:
    """The whole city against a year before, or against the weeks before where there is no such year."""
    told = city["last_year"] if city["last_year"]["verdict"] != "not comparable" else city["previous_period"]
    then = ("a year before", "同比") if told["kind"] == "last_year" else ("the weeks before", "环比")
    voice.say(
        voice.pick(
            f"all incidents against {then[0]}: {told['now']:,} and {told['before']:,}, {told['sentence_en']}",
            f"全部事件{then[1]}:{told['now']:,}件,对照{told['before']:,}件;{told['sentence']}",
        )
    )


def _tell_account(voice: Voice, account: dict[str, int]) -> None:
    words = [
        f"{count:,} {voice.pick(*ACCOUNT_WORDS[name])}"
        for name, count in account.items()
        if count or name in ("rows_in", "rows_used")
    ]
    voice.say(voice.pick("rows: ", "行数:") + ", ".join(words))


def _tell_warnings(voice: Voice, warnings: Any) -> None:
    if not len(warnings):
        voice.say(voice.pick("early warnings: none today", "预警:今日无"))
        return
    counts = warnings["level"].value_counts()
    said = [f"{counts[level.name]} {level.verb(voice.lang).lower()}" for level in LEVELS if level.name in counts]
    voice.say(voice.pick("early warnings: ", "预警:") + ", ".join(said))
    reasons = warnings["reason_en"] if voice.lang == "en" else warnings["reason"]
    for rank, place, reason in zip(warnings["rank"][:5], warnings["cell_name"], reasons, strict=False):
        voice.say(f"  {rank}. {place}  {reason}")


def tell_step(voice: Voice, result: dict[str, Any], as_json: bool) -> None:
    """After a step: what was written and how many rows it has."""
    voice.close()
    for notice in result["notices"]:
        voice.notice(notice)
    voice.say(voice.pick(f"{result['rows']:,} rows in {result['out']}", f"{result['out']} 共 {result['rows']:,} 行"))
    if voice.mode == "json":
        voice.emit({"done": {name: result[name] for name in ("out", "rows", "numbers")}})
    if as_json:
        print_json(result)


def tell_health(voice: Voice, health: dict[str, Any], as_json: bool) -> int:
    """After `doctor`; returns 4 where something needed is missing, else 0."""
    words = {True: "ok  ", False: "MISS"}
    for found in health["findings"]:
        mark = words[found["ok"]] if found["ok"] or found["needed"] else "note"
        name, detail, fix = (voice.pick(found[part], found[f"{part}_zh"]) for part in ("name", "detail", "fix"))
        voice.say(f"{mark}  {name}: {detail}")
        if fix:
            voice.say(f"      {fix}")
    fit = health["fit"]
    voice.say(
        voice.pick(
            "This machine is fit." if fit else "Something a run needs is missing.",
            "本机可用。" if fit else "缺少运行所需的条件。",
        )
    )
    if as_json:
        print_json(health)
    return 0 if fit else 4


def tell_models(voice: Voice, models: dict[str, Any], as_json: bool) -> None:
    """Name, title, purpose and settings of every model."""
    for name, model in models.items():
        voice.say(f"{name}  {model['title']}  {model['title_zh']}\n    {model['help']}")
        for entry in model["params"]:
            unit = f" {entry['unit']}" if entry["unit"] else ""
            voice.say(f"    {entry['name']} = {entry['default']}{unit}  {voice.pick(entry['help'], entry['zh'])}")
    if as_json:
        print_json(models)


def tell_findings(voice: Voice, found: dict[str, Any], as_json: bool) -> None:
    """After `check`: what would be used of the files and what not."""
    voice.close()
    for file in found["files"]:
        facts = ", ".join(str(fact) for fact in (file["encoding"], file["layout"]) if fact)
        rows = voice.pick(f"{file['rows']:,} rows", f"{file['rows']:,} 行")
        voice.say(f"{file['name']}: {rows}" + (f" ({facts})" if facts else ""))
    columns = ", ".join(f"{role} <- {column}" for role, column in found["mapping"].items() if column)
    _tell(voice, "columns", "字段", columns)
    _tell(voice, "dropped, for they tell of persons", "已丢弃的个人信息字段", ", ".join(found["dropped_columns"]))
    _tell_account(voice, found["account"])
    quarantined = ", ".join(f"{rule} {count:,}" for rule, count in found["quarantine"].items())
    _tell(voice, "quarantined by rule", "按规则隔离", quarantined)
    _tell(voice, "units", "单元", ", ".join(f"{name} {count:,}" for name, count in found["cells"].items()))
    faults = [rule for rule in found.get("topology", {}).get("rules", ()) if rule["count"]]
    told = ", ".join(f"{voice.pick(rule['kind'], rule['zh'])} {rule['count']:,}" for rule in faults)
    _tell(voice, "cells at fault", "网格问题", told)
    _tell(voice, "coordinate system", "坐标系", found["crs"])
    period, missing = found["period"], found["missing_bins"]
    first, as_of = (period[name].removesuffix("T00:00:00") for name in ("first", "as_of"))
    span = f"{first} .. {as_of} ({period['bins']:,})"
    _tell(voice, "period", "时段", span + (voice.pick(f", {missing} missing", f",缺 {missing}") if missing else ""))
    classes = [f"{name} {count:,}" for name, count in list(found["classes"].items())[:MOST_CLASSES]]
    more = len(found["classes"]) - len(classes)
    _tell(voice, "classes", "类别", ", ".join(classes) + (f" … +{more}" if more > 0 else ""))
    for pile in found["default_points"]:
        doubt = "" if pile["certain"] else voice.pick(" (suspected only: left in place)", "(仅疑似:保留原位)")
        _tell(voice, "default point", "默认坐标", voice.pick(pile["reason"], pile["reason_zh"]) + doubt)
    for guess in found["suggestions"]:
        text = f"{guess['file']}: {guess['option']} {guess['column']} ?"
        _tell(voice, "a column to confirm", "待确认字段", text)
    for notice in found["notices"]:
        voice.notice(notice)
    if "against" in found:
        told = found["against"]["notices"]
        nothing = "" if told else voice.pick("nothing changed", "没有差异")
        voice.say(f"{voice.pick('against the last import', '与上次导入相比')}: {nothing}")
        for notice in told:
            voice.notice(notice)
    if as_json:
        print_json(found)


def _tell(voice: Voice, english: str, chinese: str, text: str) -> None:
    if text:
        voice.say(f"{voice.pick(english, chinese)}: {text}")
