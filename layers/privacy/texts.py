"""Personal data in column names and inside texts: phones, identity numbers, plates, addresses of mail, names."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..columns.names import is_person_column

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PROVINCE_CODES = {*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71}
_PROVINCE_CODES |= {81, 82, 83, 91}
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CARD = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{16}[0-9Xx](?![0-9A-Za-z])")
_BORN = re.compile(r"[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[0-9Xx]")
_PATTERNS = (
    (re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?:\.0)?(?!\d)"), "[电话]"),
    (re.compile(r"(?<!\d)\(?0\d{2,3}\)?[- ]\d{7,8}(?!\d)"), "[电话]"),
    (re.compile(r"((?:电话|座机|手机号?码?|号码|致电)(?:是|为)?[:\s]*)\+?\d[\d\- ]{5,16}\d"), r"\1[电话]"),
    (re.compile(rf"[{PROVINCES}][A-HJ-NP-Z][·\s]?[A-HJ-NP-Z0-9]{{5,6}}(?![A-Za-z0-9])"), "[车牌]"),
    (re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.]+"), "[邮箱]"),
    (
        re.compile(r"((?:姓名|联系人|来电人|投诉人|举报人|报警人|诉求人)(?:是|为)?[:\s]*)[\u4e00-\u9fff·]{2,4}"),
        r"\1[姓名]",
    ),
)
_COURTESY = re.compile(r"[\u4e00-\u9fff]{1,3}?(?=先生|女士|小姐)")
_HALF_WIDTH = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
PERSON_SHARE = 0.5
"""An identifier column is taken for personal data if at least this share of its values look like it."""


def person_columns(names: Iterable[str]) -> list[str]:
    """Those of *names* that hold personal data, in their order."""
    return [name for name in names if is_person_column(name)]


def is_id_card(text: str) -> bool:
    """Whether *text* is an 18-digit identity number: a province, a date inside, the right check digit (GB 11643)."""
    if not _BORN.fullmatch(text) or int(text[:2]) not in _PROVINCE_CODES:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_ID_WEIGHTS, text))  # noqa: B905 - QGIS may run it on Python 3.9
    return "10X98765432"[total % 11] == text[-1].upper()


def mask_personal(text: str) -> str:
    """*text* with phones, identity numbers, plates, addresses of mail, and names after 姓名 or 联系人 blotted out.

    Full-width digits and letters are seen through. A text without personal data comes back as it is.
    """
    plain = text.translate(_HALF_WIDTH)
    masked = _ID_CARD.sub(lambda found: "[证件]" if is_id_card(found[0]) else found[0], plain)
    for pattern, word in _PATTERNS:
        masked = pattern.sub(word, masked)
    return text if masked == plain else masked


def mask_text(text: str) -> str:
    """Free text for those who asked for it: as `mask_personal`, and the surname before 先生 or 女士."""
    return _COURTESY.sub("某", mask_personal(text))


def looks_personal(text: str) -> bool:
    """Whether *text*, as a whole, is a mobile number or an identity number."""
    plain = text.strip().translate(_HALF_WIDTH)
    return is_id_card(plain) or bool(_PATTERNS[0][0].fullmatch(plain))
