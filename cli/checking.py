"""`check`: the findings, the comparison with the last import, the report, and the mapping saved into the plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .inputs import COLUMNS, Files
from .plan_file import save_tables
from .report import tell_findings
from .voice import Voice


def run_check(
    voice: Voice,
    files: Files,
    plan: Any,
    *,
    out: str | None,
    against: str | None,
    save_to: str | None,
    accept: bool,
    replace: bool,
    as_json: bool,
) -> None:
    """Check *files* under *plan*; *out* is the report's folder, *save_to* the plan file that remembers the mapping.

    With *accept* that holds for the classes the comparison proposes as renamed too.
    """
    from ..layers.quality_report import PAGE
    from ..pipeline import check_inputs

    last = against or files.last_import()
    if against is None and last is not None and not Path(last).exists():
        last = None  # nothing was imported yet
    found = check_inputs(
        plan,
        **files.for_run(),
        out=out,
        against=last,
        replace=replace,
        lang=voice.lang,
        progress=voice.progress,
    )
    proposed = {r["old"]: r["new"] for r in found.get("against", {}).get("renamings", ())}
    saved = save_tables(save_to, confirmed(found["mapping"], files, proposed if accept else {})) if save_to else []
    tell_findings(voice, found, as_json)
    if proposed and not accept:
        how = "--plan city.toml --save-mapping --accept-renamed"
        voice.say(voice.pick(f"if these classes were renamed, save it: {how}", f"如确系改名,一条命令保存:{how}"))
    for line in saved:
        voice.say(voice.pick(f"saved in the plan: {line}", f"已写入方案:{line}"))
    if out:
        page = Path(out) / PAGE
        voice.say(voice.pick(f"report: {page}", f"体检报告:{page}"))
    if voice.mode == "json":
        faults = sum(rule["count"] for rule in found.get("topology", {}).get("rules", ()))
        written = {"out": str(out), "report": str(Path(out) / PAGE)} if out else {}
        voice.emit({"done": {**written, "numbers": {**found["account"], "faults": faults}}})


def confirmed(mapping: dict[str, str], files: Files, proposed: dict[str, str]) -> dict[str, dict[str, str]]:
    """What a plan file is to remember: one column per role (not where files differ), and the classes renamed.

    What the user named stands before what was *proposed*.
    """
    columns = {role: name for role, name in mapping.items() if role in COLUMNS and name and " | " not in name}
    return {"columns": columns, "classes": {**proposed, **dict(files.classes)}}
