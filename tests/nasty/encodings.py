"""Delimited text in every encoding that a city has saved it in, whole and damaged."""

from __future__ import annotations

import codecs
from pathlib import Path

from . import ROWS, TEXT, nasty, put

RARE = "𠮷㐂䶮鿍"
"""Characters of GB18030 beyond GBK: four bytes each there."""


@nasty("read", rows_in=8, rows_used=8)
def utf8_bom(folder: Path):
    return put(folder, "a.csv", TEXT, "utf-8-sig")


@nasty("read", rows_in=8, rows_used=8)
def two_boms(folder: Path):
    return put(folder, "a.csv", codecs.BOM_UTF8 + TEXT.encode("utf-8-sig"))


@nasty("read", rows_in=8, rows_used=8)
def gb18030(folder: Path):
    return put(folder, "a.csv", TEXT, "gb18030")


@nasty("read", rows_in=8, rows_used=8)
def gb18030_rare_characters(folder: Path):
    return put(folder, "a.csv", TEXT.replace("水管爆裂", f"水管{RARE}", 3), "gb18030")


@nasty("read", rows_in=8, rows_used=8)
def utf16_little(folder: Path):
    return put(folder, "a.csv", codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"))


@nasty("read", rows_in=8, rows_used=8)
def utf16_big(folder: Path):
    return put(folder, "a.csv", codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"))


@nasty("read", rows_in=8, rows_used=8)
def utf16_without_mark(folder: Path):
    return put(folder, "a.csv", TEXT, "utf-16-le")


@nasty("read", rows_in=8, rows_used=8)
def big5(folder: Path):
    text = TEXT.translate(str.maketrans("单编号时间诉类经纬来联系电话张", "單編號時間訴類經緯來聯繫電話張"))
    return put(folder, "a.csv", text, "big5")


@nasty("refused", "the text is neither UTF-8 nor GB18030")
def shift_jis(folder: Path):
    rows = ["1,2026-01-05 08:00,カミナリ,ソラミミ,113.5,22.5,12345,x,y"] * 3
    return put(
        folder, "a.csv", "\n".join(["番号,ジコク,バンゴウ,ウメボシ,ケイド,イド,ミナモト,カラ,ソラ", *rows]), "shift_jis"
    )


@nasty("refused", "no column")
def mojibake_saved_again(folder: Path):
    return put(folder, "a.csv", TEXT.encode("utf-8").decode("latin-1"))


@nasty("refused", "neither UTF-8 nor GB18030")
def two_encodings_in_one_file(folder: Path):
    return put(folder, "a.csv", TEXT.encode() + "\n".join(ROWS).encode("gb18030") + b"\xff\xff\n")


@nasty("refused", "neither UTF-8 nor GB18030")
def utf8_cut_inside_a_character(folder: Path):
    whole = (TEXT + "B1,2026-01-05 08:00:00,供水,水").encode()
    return put(folder, "a.csv", whole[:-1])


@nasty("refused", "neither UTF-8 nor GB18030")
def euro_sign_of_code_page_936(folder: Path):
    return put(folder, "a.csv", TEXT.replace("水管爆裂", "水管X", 1).encode("gb18030").replace(b"X", b"\x80"))


@nasty("refused", "the text is neither UTF-8 nor GB18030")
def surrogates_as_utf8(folder: Path):
    return put(folder, "a.csv", TEXT.encode().replace("爆".encode(), b"\xed\xa0\x81\xed\xb0\x80"))


@nasty("read", rows_in=8, rows_used=8)
def replacement_characters(folder: Path):
    return put(folder, "a.csv", TEXT.replace("爆", "\ufffd"))


@nasty("read", rows_in=8, rows_used=8)
def zero_width_marks_in_the_header(folder: Path):
    return put(folder, "a.csv", TEXT.replace("工单编号", "\ufeff工单编号"))
