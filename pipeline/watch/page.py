"""`latest.html`: the way to the last good briefing, with its data date, and plain words where a newer one is missing.

One small file without references but the link: no frame, no redirect, no file of its own beside it, so it works from
`file://`, a network drive and without symbolic links. Everything from the data is escaped. A short script compares the
reader's clock with the time the next briefing is due, for a watch that no longer runs cannot say so itself.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import quote

from ...layers.style import FONTS, GROUND, LEVELS, STATUTORY_EN, STATUTORY_ZH
from .place import CityFolder, GoodRun

_G = GROUND["light"]
_LEVELS = {level.name: level for level in LEVELS}
_KEPT, _SHOWN = 7, 12

CSS = f"""
*{{box-sizing:border-box}}:root{{color-scheme:light}}
body{{margin:0;background:{_G["page"]};color:{_G["text"]};font:17px/1.6 {FONTS}}}
main{{max-width:980px;margin:0 auto;padding:32px 28px 48px}}
h1{{font-size:30px;margin:0 0 4px}}.en{{color:{_G["muted"]};font-size:14px;display:block}}
.data{{font-size:22px;margin:14px 0}}.data b{{font-variant-numeric:tabular-nums}}
.bad{{background:#fbdcd9;border-left:8px solid #c3231b;padding:14px 18px;margin:18px 0;font-size:18px}}
.bad h2{{margin:0;font-size:21px}}.bad p{{margin:6px 0 0}}[hidden]{{display:none}}
a.go{{display:inline-block;background:#1c5cb8;color:#fff;text-decoration:none;font-size:22px;font-weight:600;
padding:12px 28px;border-radius:8px;margin:8px 0 4px}}a.go:focus-visible{{outline:3px solid {_G["text"]}}}
table{{border-collapse:collapse;width:100%;background:{_G["panel"]};margin-top:20px}}
th{{text-align:left;font-weight:400;color:{_G["muted"]};font-size:14px}}
th,td{{padding:8px 12px;border-bottom:1px solid {_G["line"]};vertical-align:top}}
td:first-child{{font-weight:600}}td:nth-child(-n+2){{white-space:nowrap}}
footer{{margin-top:26px;color:{_G["muted"]};font-size:14px}}footer a{{color:inherit;margin-right:14px}}
"""

SCRIPT = """
var late=document.getElementById("late"),due=Date.parse(late.getAttribute("data-due"));
if(due&&Date.now()>due)late.hidden=false;
"""


def make_page(place: CityFolder, attempt: Mapping[str, Any], due: str) -> str:
    """The page's text. *attempt* is what is known of the newest attempt; *due* the instant (ISO, with offset) from
    which the next briefing is late, empty where none is known.
    """
    runs = place.good_runs()
    good = runs[0] if runs else None
    policy = (
        f"default-src 'none'; style-src 'sha256-{_digest(CSS)}'; script-src 'sha256-{_digest(SCRIPT)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    plan = _plan_of(good)
    title = " · ".join(str(plan[name]) for name in ("city", "title") if plan.get(name)) or "晨报"
    body = [
        f"<h1>{escape(title)}</h1>",
        _failure(attempt, good),
        _late(due),
        _good(place, good) if good else "<p class=data>还没有完成的晨报。<span class=en>No briefing yet.</span></p>",
        _rows(good) if good else "",
        _footer(place, runs),
    ]
    return (
        '<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{CSS}</style></head><body><main>\n"
        + "\n".join(part for part in body if part)
        + f"\n</main><script>{SCRIPT}</script></body></html>\n"
    )


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _plan_of(run: GoodRun | None) -> Mapping[str, Any]:
    plan = run.manifest.get("plan", {}) if run else {}
    return plan.get("plan", {}) if isinstance(plan, Mapping) else {}


def _moment(as_of: str) -> str:
    return as_of[:16].replace("T", " ")


def _link(place: CityFolder, run: GoodRun) -> str:
    inside = run.folder.relative_to(place.home).as_posix() if run.folder.is_relative_to(place.home) else ""
    target = f"{quote(inside)}/briefing.html" if inside else (run.folder / "briefing.html").as_uri()
    return escape(target)


def _failure(attempt: Mapping[str, Any], good: GoodRun | None) -> str:
    """Why there is no newer briefing, where the newest attempt did not end well."""
    if attempt.get("exit_code") in (0, None) and not attempt.get("interrupted"):
        return ""
    since = f"以下为上一份晨报,数据截止{_moment(good.as_of)}。" if good else ""
    since_en = f"Below is the last good one, data up to {_moment(good.as_of)}." if good else ""
    started = _moment(str(attempt.get("started", "")))
    words = {name: escape(str(attempt.get(name, ""))) for name in ("problem", "problem_zh", "fix", "fix_zh", "code")}
    return (
        f"<section class=bad role=alert><h2>最新晨报缺失:{started}的运行未完成</h2><p>{escape(since)}</p>"
        f"<p>原因:{words['problem_zh']} {words['code']}</p><p>处理:{words['fix_zh']}</p>"
        f"<span class=en>The run of {started} did not finish. {escape(since_en)} Why: {words['problem']}. "
        f"What to do: {words['fix']}</span></section>"
    )


def _late(due: str) -> str:
    shown = _moment(due)
    return (
        f'<section class=bad role=alert id=late data-due="{escape(due)}" hidden><h2>晨报已迟到</h2>'
        f"<p>下一份晨报最迟应在{shown}前完成,至今没有。请检查计划任务是否运行、数据是否导出;"
        "运行 gridbeacon watch status 查看原因。</p>"
        f"<span class=en>The next briefing was due by {shown}. See whether the scheduled task runs and the data were "
        "exported; gridbeacon watch status tells more.</span></section>"
    )


def _good(place: CityFolder, run: GoodRun) -> str:
    return (
        f"<p class=data>数据截止 <b>{_moment(run.as_of)}</b>"
        f"<span class=en>Data up to {_moment(run.as_of)} · run {escape(run.run_id)}</span></p>"
        f'<a class=go href="{_link(place, run)}">打开晨报 · Open the briefing</a>'
    )


def _rows(run: GoodRun) -> str:
    """The first warnings, as the briefing says them."""
    rows = [row for row in run.warnings() if row.get("within_budget", "True") == "True"]
    if not rows:
        return "<p>预警:无。没有提示不等于没有风险。<span class=en>No warnings; that does not mean no risk.</span></p>"
    lines = []
    for row in rows[:_SHOWN]:
        level = _LEVELS.get(row.get("level", ""))
        word = f"<td>{escape(level.verb_zh)}({level.zh})</td>" if level else "<td></td>"
        texts = [row.get(name, "") for name in ("change", "cell_name", "reason")]
        lines.append("<tr>" + word + "".join(f"<td>{escape(t)}</td>" for t in texts) + "</tr>")
    more = f"<p>另有{len(rows) - _SHOWN}条,见晨报。</p>" if len(rows) > _SHOWN else ""
    return f"<table><tr><th>级别<th>变化<th>地点<th>情况</tr>{''.join(lines)}</table>{more}"


def _footer(place: CityFolder, runs: list[GoodRun]) -> str:
    links = "".join(f'<a href="{_link(place, run)}">{_moment(run.as_of)}</a>' for run in runs[:_KEPT])
    line = str(_plan_of(runs[0] if runs else None).get("classification") or "")
    return (
        f"<footer><p>{escape(line)} {STATUTORY_ZH}<span class=en>{STATUTORY_EN}</span></p>"
        f"<p>此前各次(数据截止):{links}</p></footer>"
    )
