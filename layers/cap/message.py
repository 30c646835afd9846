"""One warning -> one CAP 1.2 message. Standard library only.

Source: OASIS Standard "Common Alerting Protocol Version 1.2", 1 July 2010, section 3 (elements, their order,
their words). Every text passes through one escape, so that nothing from the data is ever markup. `status` is
Exercise unless another is asked for, and of a drill always; `scope` is Restricted: these are internal findings, not
statutory warnings.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ...params import check, param
from .. import style
from ..drills import DRILL_EN, DRILL_ZH
from ..plain_text import one_line
from ..refusals import refusal

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
STATUSES = ("Exercise", "Actual", "System", "Test", "Draft")
ALERT, UPDATE, CANCEL = "Alert", "Update", "Cancel"

URGENCY = {"red": "Immediate", "orange": "Expected", "yellow": "Future", "blue": "Future"}
"""立即核查, 今日核查 (within a day), 关注 and 知悉 (near future)."""
SEVERITY = {"red": "Severe", "orange": "Moderate", "yellow": "Minor", "blue": "Minor"}
"""Never Extreme: that word is for statutory warnings."""
CERTAINTY = {"red": "Likely", "orange": "Likely", "yellow": "Possible", "blue": "Possible"}
"""As computed; a warning that people judged to be true is Observed, one they could not verify Unknown."""
_JUDGED = {"true": "Observed", "unclear": "Unknown"}
RESPONSE = {"red": "Assess", "orange": "Assess", "yellow": "Monitor", "blue": "None"}

_CATEGORIES = (
    ("Fire", ("消防", "火灾", "火情")),
    ("Transport", ("交通", "道路", "停车", "公交")),
    ("Security", ("治安", "侵财", "盗", "诈骗", "警情")),
    ("Health", ("卫生", "食品", "药", "医疗", "疫")),
    ("Infra", ("供水", "排水", "供热", "供气", "供电", "能源", "管线", "市政", "设施", "井盖", "通信", "照明")),
    ("Env", ("环境", "噪声", "噪音", "污染", "大气", "油烟", "扬尘", "垃圾", "市容", "环卫")),
)
_RESTRICTED = re.compile(r"[\s,<&]")


@dataclass(frozen=True)
class CapSettings:
    """How messages are addressed and how long they hold."""

    sender: str = param(
        "gridbeacon.internal", "Who sends; no blanks, commas, < or &.", zh="发送方,不含空格、逗号、<、&"
    )
    status: str = param("Exercise", "What the message is for.", choices=STATUSES, zh="消息性质")
    restriction: str = param(
        "仅限内部工作人员研判使用,不得公开发布 / For internal staff only, not for publication",
        "Who may see it.",
        zh="使用范围",
    )
    valid_hours: int = param(24, "Hours after which a message expires.", unit="h", low=1, high=720, zh="有效时长")
    timezone: str = param("Asia/Shanghai", "Time zone of times without one.", zh="时区")


@dataclass(frozen=True)
class Message:
    """A finished message: what names it, and its bytes."""

    warning_id: str
    level: str
    identifier: str
    sender: str
    sent: str
    status: str
    kind: str
    xml: bytes

    @property
    def reference(self) -> str:
        """The extended identifier by which later messages point at this one."""
        return f"{self.sender},{self.identifier},{self.sent}"


def sent_at(moment: str, timezone: str) -> str:
    """An ISO time as CAP wants it, `2026-01-01T00:00:00+08:00`: whole seconds, the offset in figures, never Z.

    A time without an offset is local time of *timezone*. Raises InputError for a zone that does not exist.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise refusal("E-CAP-002", where="timezone", zone=one_line(timezone)) from error
    time = datetime.fromisoformat(str(moment))
    local = time.replace(tzinfo=zone) if time.tzinfo is None else time.astimezone(zone)
    return local.replace(microsecond=0).isoformat()


def check_sender(sender: str) -> str:
    """*sender*, if CAP allows it. Raises InputError."""
    if not sender or _RESTRICTED.search(sender) or one_line(sender, 200) != sender:
        raise refusal("E-CAP-001", where="sender")
    return sender


def make_alert(
    warning: Mapping[str, Any],
    moment: str,
    settings: CapSettings,
    *,
    kind: str = ALERT,
    references: Sequence[str] = (),
    rings: Sequence[Sequence[tuple[float, float]]] = (),
    drill: bool = False,
    why: tuple[str, str] = ("", ""),
) -> Message:
    """The message of one warning.

    warning : the columns of `early_warnings`, or of `Ledger.warnings()` (with `verdict`).
    moment : ISO time at which it was sent: the run's moment of decision, or that of the event in the ledger.
    references : extended identifiers of the earlier messages that an Update or a Cancel replaces.
    rings : closed rings of (latitude, longitude) in WGS 84.
    why : (Chinese, English) reason of a Cancel.

    Raises InputError for a sender or a time zone that CAP cannot name, and for a level that is none of the four.
    """
    check(settings)
    sent = sent_at(moment, settings.timezone)
    level, status = str(warning["level"]), "Exercise" if drill else settings.status
    if level not in style.LEVEL_NAMES:
        raise refusal("E-READ-004", where=one_line(warning["warning_id"]), known=", ".join(style.LEVEL_NAMES))
    identifier = identifier_of(str(warning["warning_id"]), sent, level, status, kind)
    body = [
        _tag("identifier", identifier),
        _tag("sender", check_sender(settings.sender)),
        _tag("sent", sent),
        _tag("status", status),
        _tag("msgType", kind),
        _tag("scope", "Restricted"),
        _tag("restriction", settings.restriction),
        _tag("note", _note(drill, why)),
    ]
    if references:
        body.append(_tag("references", " ".join(references), longest=100_000))
    expires = (datetime.fromisoformat(sent) + timedelta(hours=settings.valid_hours)).isoformat()
    start = warning.get("window_start")
    times = (sent, sent_at(str(start), settings.timezone) if start else "", expires)
    body += [_info(warning, lang, times, rings, drill, why) for lang in style.LANGUAGES]
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<alert xmlns="{NAMESPACE}">\n' + "\n".join(body) + "\n</alert>\n"
    names = (str(warning["warning_id"]), level, identifier, settings.sender, sent, status, kind)
    return Message(*names, text.encode("utf-8"))


def identifier_of(warning_id: str, sent: str, level: str, status: str, kind: str = ALERT) -> str:
    """The message's own name: warning, time, level, its status where that is not Actual, and whether it cancels."""
    stamp = sent.replace("-", "", 2).replace(":", "")  # 20260101T000000+0800
    parts = [_RESTRICTED.sub("_", one_line(warning_id, 80)), stamp, level]
    marks = [word.lower() for word, told in ((status, status != "Actual"), (kind, kind == CANCEL)) if told]
    return ".".join([*parts, *marks])


def _info(
    warning: Mapping[str, Any],
    lang: str,
    times: tuple[str, str, str],
    rings: Sequence[Sequence[tuple[float, float]]],
    drill: bool,
    why: tuple[str, str],
) -> str:
    """One language's block, its elements in the order of the standard."""
    level = style.level_of(str(warning["level"]))
    zh = lang == "zh"
    certainty = _JUDGED.get(str(warning.get("verdict") or ""), CERTAINTY[level.name])
    cancelled = why[0 if zh else 1]
    statutory = style.STATUTORY_ZH if zh else style.STATUTORY_EN
    parts = [
        _tag("language", "zh-CN" if zh else "en-US"),
        _tag("category", category_of(str(warning.get("category") or ""))),
        _tag("event", _event(warning, zh, drill)),
        _tag("responseType", "AllClear" if cancelled else RESPONSE[level.name]),
        _tag("urgency", "Past" if cancelled else URGENCY[level.name]),
        _tag("severity", SEVERITY[level.name]),
        _tag("certainty", certainty),
        _tag("effective", times[0]),
        _tag("onset", times[1]),
        _tag("expires", times[2]),
        _tag("senderName", "GridBeacon 网格烽燧"),
        _tag("headline", _headline(warning, level, zh, drill, bool(cancelled))),
        _tag("description", cancelled or warning.get("reason" if zh else "reason_en"), longest=600),
        _tag("instruction", f"{level.verb_zh}。{statutory}。" if zh else f"{level.verb_en}. {statutory}."),
        *(_pair("parameter", name, warning[name]) for name in _FIGURES if one_line(warning.get(name))),
        _area(warning, rings),
    ]
    return "<info>\n" + "\n".join(part for part in parts if part) + "\n</info>"


_FIGURES = ("level", "observed", "expected", "recurrence_days", "change", "caveats")


def category_of(category: str) -> str:
    """The CAP category of a class of ours: the first family of words that its name holds, else Other."""
    return next((name for name, words in _CATEGORIES if any(word in category for word in words)), "Other")


def _event(warning: Mapping[str, Any], zh: bool, drill: bool) -> str:
    what = one_line(str(warning.get("category") or "").replace("/", "·" if zh else " / "), 80)
    return f"{DRILL_ZH if drill else ''}{what}异常增多" if zh else f"{DRILL_EN if drill else ''}Unusual rise: {what}"


def _headline(warning: Mapping[str, Any], level: style.Level, zh: bool, drill: bool, cancelled: bool) -> str:
    """At most 160 characters, as the standard advises."""
    where, what = one_line(warning.get("cell_name"), 60), one_line(warning.get("category"), 40)
    if zh:
        act = "解除" if cancelled else f"{level.zh}色·{level.verb_zh}"
        text = f"{act}:{where} {what}"
    else:
        act = "Ended" if cancelled else f"{level.verb_en} ({level.en})"
        text = f"{act}: {where} {what}"
    mark = (DRILL_ZH if zh else DRILL_EN) if drill else ""
    return one_line(mark + text.removeprefix(mark), 160)


def _note(drill: bool, why: tuple[str, str]) -> str:
    told = [DRILL_ZH + DRILL_EN.strip()] if drill else []
    told += [" / ".join(why)] if why[0] else []
    return " ".join([*told, f"{style.STATUTORY_ZH} / {style.STATUTORY_EN}"])


def _area(warning: Mapping[str, Any], rings: Sequence[Sequence[tuple[float, float]]]) -> str:
    polygons = [_tag("polygon", " ".join(f"{a:.5f},{b:.5f}" for a, b in ring), longest=1_000_000) for ring in rings]
    code, name = one_line(warning.get("cell_id"), 120), one_line(warning.get("cell_name"), 120)
    described = _tag("areaDesc", name or code or style.UNKNOWN_RESPONSIBLE_ZH)
    codes = [_pair("geocode", "cell_id", code)] if code else []
    return "\n".join(["<area>", described, *polygons, *codes, "</area>"])


def _pair(name: str, key: str, value: Any) -> str:
    text = f"{value:.10g}" if isinstance(value, float) else value
    return f"<{name}>{_tag('valueName', key)}{_tag('value', text)}</{name}>"


def _tag(name: str, value: Any, longest: int = 300) -> str:
    text = one_line(value, longest)
    return f"<{name}>{html.escape(text, quote=False)}</{name}>" if text else ""
