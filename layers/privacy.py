"""Places, never people: which columns and texts hold personal data, and which classes are not for this work.

The classes stand in `class_policy.json`: `refused` ones (speech, belief, politics) are left out of every count,
`describe_only` ones (disputes, petitions) are shown at street level or above and never warned of below it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from .columns.names import is_person_column

_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CARD = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{16}[0-9Xx](?![0-9A-Za-z])")
_PATTERNS = (
    (re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?:\.0)?(?!\d)"), "[电话]"),
    (re.compile(r"(?<!\d)\(?0\d{2,3}\)?[- ]\d{7,8}(?!\d)"), "[电话]"),
    (re.compile(rf"[{_PROVINCES}][A-HJ-NP-Z][·\s]?[A-HJ-NP-Z0-9]{{5,6}}(?![A-Za-z0-9])"), "[车牌]"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"), "[邮箱]"),
    (re.compile(r"((?:姓名|联系人|来电人|投诉人|报警人)[:：\s]*)[\u4e00-\u9fff·]{2,4}"), r"\1[姓名]"),
)
PERSON_SHARE = 0.5
"""An identifier column is taken for personal data if at least this share of its values look like it."""


def person_columns(names: Iterable[str]) -> list[str]:
    """Those of *names* that hold personal data, in their order."""
    return [name for name in names if is_person_column(name)]


def is_id_card(text: str) -> bool:
    """Whether *text* is an 18-digit Chinese identity number: a date inside, and the right check digit (GB 11643)."""
    if not re.fullmatch(r"[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[0-9Xx]", text):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_ID_WEIGHTS, text, strict=False))
    return "10X98765432"[total % 11] == text[-1].upper()


def mask_personal(text: str) -> str:
    """*text* with phones, identity numbers, plates, addresses of mail, and names after 姓名 or 联系人 blotted out."""
    masked = _ID_CARD.sub(lambda found: "[证件]" if is_id_card(found[0]) else found[0], text)
    for pattern, word in _PATTERNS:
        masked = pattern.sub(word, masked)
    return masked


def looks_personal(text: str) -> bool:
    """Whether *text*, as a whole, is a mobile number or an identity number."""
    plain = text.strip()
    return is_id_card(plain) or bool(_PATTERNS[0][0].fullmatch(plain))


@cache
def class_policy() -> dict[str, list[dict[str, str]]]:
    """The table of `class_policy.json`: `refused` and `describe_only`, each a list of {pattern, zh, en}."""
    return json.loads((Path(__file__).parent / "class_policy.json").read_text(encoding="utf-8"))


@cache
def _matcher(policy: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{row['pattern']})" for row in class_policy()[policy]), re.IGNORECASE)


@cache
def refused(category: str) -> bool:
    """Whether incidents of this class are left out altogether: speech, belief, politics."""
    return bool(_matcher("refused").search(category))


@cache
def describe_only(category: str) -> bool:
    """Whether this class is described at street level or above only: never warned of below, never forecast."""
    return bool(_matcher("describe_only").search(category))
