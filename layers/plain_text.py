"""Text from the data on its way to paper and to other systems: visible characters, on one line."""

from __future__ import annotations

import re
from typing import Any

_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\ud800-\udfff\ufeff\ufffe\uffff\u2028\u2029\u202a-\u202e\u2066-\u2069]+"
)
"""Control characters, what turns the direction of text, lone surrogates, and what XML cannot hold."""


def one_line(text: Any, longest: int = 60) -> str:
    """*text* without line breaks and unseen characters, cut to *longest* characters; nothing and NaN are ''."""
    if text is None or text != text:
        return ""
    clean = _UNSEEN.sub(" ", str(text)).strip()
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"
