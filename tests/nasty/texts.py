"""Delimited text: line ends, delimiters, quotes, ragged rows, headers, names of files."""

from __future__ import annotations

import codecs
import os
from pathlib import Path

from . import HEADER, PHONE, ROWS, TEXT, Handed, changed, csv, nasty, put


@nasty("read", rows_in=8, rows_used=8)
def plain(folder: Path):
    return put(folder, "a.csv", TEXT)


# line ends, delimiters, quotes


@nasty("read", rows_in=8, rows_used=8)
def crlf(folder: Path):
    return put(folder, "a.csv", TEXT.replace("\n", "\r\n"))


@nasty("read", rows_in=8, rows_used=8)
def cr_only(folder: Path):
    return put(folder, "a.csv", TEXT.replace("\n", "\r"))


@nasty("read", rows_in=8, rows_used=8)
def line_ends_of_both_kinds(folder: Path):
    lines = TEXT.splitlines()
    return put(folder, "a.csv", "".join(line + ("\r\n" if n % 2 else "\n") for n, line in enumerate(lines)))


@nasty("read", rows_in=8, rows_used=8)
def semicolons(folder: Path):
    return put(folder, "a.csv", TEXT.replace(",", ";"))


@nasty("read", rows_in=8, rows_used=8)
def bars(folder: Path):
    return put(folder, "a.txt", TEXT.replace(",", "|"))


@nasty("read", rows_in=8, rows_used=8)
def tabs_named_csv(folder: Path):
    return put(folder, "a.csv", TEXT.replace(",", "\t"))


@nasty("read", rows_in=8, rows_used=8)
def tabs(folder: Path):
    return put(folder, "a.tsv", TEXT.replace(",", "\t"))


@nasty("read", rows_in=8, rows_used=8)
def separator_line_of_excel(folder: Path):
    return put(folder, "a.csv", "sep=;\n" + TEXT.replace(",", ";"))


@nasty("refused", "no column is known to hold the time")
def full_width_commas(folder: Path):
    return put(folder, "a.csv", TEXT.replace(",", "，"))


@nasty("read", rows_in=8, rows_used=8)
def everything_quoted(folder: Path):
    return put(
        folder, "a.csv", "".join(f'"{line.replace(",", chr(34) + "," + chr(34))}"\n' for line in TEXT.splitlines())
    )


@nasty("read", rows_in=8, rows_used=8)
def newline_inside_quotes(folder: Path):
    return csv(folder, changed(3, '"水管\n爆裂"', '"a\r\nb"'))


@nasty("read", rows_in=8, rows_used=8)
def doubled_quotes(folder: Path):
    return csv(folder, changed(3, '"他说""没水"""'))


@nasty("refused", "quotation mark")
def quote_never_closed(folder: Path):
    return csv(folder, changed(3, '"水管爆裂'))


@nasty("refused", "quotation mark")
def two_stray_quotes_swallow_rows(folder: Path):
    return csv(folder, changed(3, '"水管', "水管", "水管", '爆裂"'))


@nasty("read", rows_in=8, rows_used=8)
def stray_quote_inside_a_field(folder: Path):
    return csv(folder, changed(3, '水管"爆裂', '5" 管'))


@nasty("read", rows_in=8, rows_used=7, rows_quarantined=1)
def backslash_before_the_comma(folder: Path):
    return csv(folder, changed(3, "水管\\,爆裂"))


@nasty("read", rows_in=8, rows_used=8)
def apostrophes_as_quotes(folder: Path):
    return csv(folder, changed(3, "'水管爆裂'"))


# ragged rows


@nasty("read", rows_in=8, rows_used=6, rows_quarantined=2)
def ragged_rows(folder: Path):
    rows = [*ROWS]
    rows[2], rows[5] = rows[2].rsplit(",", 3)[0], rows[5] + ",x,y"
    return csv(folder, rows)


@nasty("refused", "another number of fields")
def one_field_more_than_the_header(folder: Path):
    return csv(folder, [row + ",x" for row in ROWS])


@nasty("read", rows_in=8, rows_used=8)
def a_delimiter_after_every_row(folder: Path):
    return csv(folder, [row + "," for row in ROWS])


@nasty("read", rows_in=41, rows_used=40, rows_quarantined=1)
def a_delimiter_after_every_row_and_once_more_than_that(folder: Path):
    rows = [row.replace("A", f"B{n}-") for n in range(5) for row in ROWS]
    return csv(folder, [*(row + "," for row in rows), ROWS[0] + ",x"])


@nasty("refused", "another number of fields")
def one_field_less_than_the_header(folder: Path):
    return csv(folder, [row.rsplit(",", 1)[0] for row in ROWS])


@nasty("read", rows_in=11, rows_used=8, rows_quarantined=3)
def blank_rows_between(folder: Path):
    return csv(folder, [*ROWS[:3], "", "," * 8, "  ,\t" + "," * 7, *ROWS[3:]])


@nasty("read", rows_in=8, rows_used=8)
def blank_lines_at_the_end(folder: Path):
    return put(folder, "a.csv", TEXT + "\r\n\n\n")


@nasty("read", rows_in=8, rows_used=8)
def no_newline_at_the_end(folder: Path):
    return put(folder, "a.csv", TEXT.rstrip("\n"))


@nasty("read", rows_in=8, rows_used=8)
def control_z_at_the_end(folder: Path):
    return put(folder, "a.csv", TEXT + "\x1a")


@nasty("refused", "not text")
def nul_in_the_head(folder: Path):
    return put(folder, "a.csv", TEXT.replace("A1", "A\x001"))


@nasty("read", rows_in=161, rows_used=160, rows_quarantined=1)
def nul_far_down(folder: Path):
    rows = [row.replace("A", f"B{n}-") for n in range(20) for row in ROWS]
    return csv(folder, [*rows, ROWS[0].replace("爆", "\x00")])


# headers


@nasty("read", rows_in=8, rows_used=8)
def title_rows_above(folder: Path):
    return put(folder, "a.csv", "某市热线工单" + "," * 8 + "\n导出时间:2026-02-01" + "," * 8 + "\n" + TEXT)


@nasty("read", rows_in=8, rows_used=8)
def title_line_alone_above(folder: Path):
    return put(folder, "a.csv", "某市热线工单\n\n" + TEXT)


@nasty("read", rows_in=9, rows_used=8)
def total_row_below(folder: Path):
    return csv(folder, [*ROWS, "合计,,,,,,,8,"])


@nasty("refused", "two header rows")
def second_header_in_english(folder: Path):
    return csv(folder, ["id,time,class,sub,lon,lat,source,phone,name", *ROWS])


@nasty("read", rows_in=17, rows_used=8, rows_duplicate=8, rows_quarantined=1)
def pasted_twice_with_its_header(folder: Path):
    return csv(folder, [*ROWS, HEADER, *ROWS])


@nasty("refused", "no rows")
def header_only(folder: Path):
    return put(folder, "a.csv", HEADER + "\n")


@nasty("refused", "no column is known to hold the time")
def no_header(folder: Path):
    return put(folder, "a.csv", "\n".join(ROWS))


@nasty("refused", "empty")
def empty(folder: Path):
    return put(folder, "a.csv", b"")


@nasty("refused", "the first row is blank")
def only_newlines(folder: Path):
    return put(folder, "a.csv", "\n\n\n")


@nasty("refused", "the first row is blank")
def only_a_mark(folder: Path):
    return put(folder, "a.csv", codecs.BOM_UTF8)


@nasty("refused", "no column is known to hold the time")
def one_column(folder: Path):
    return put(folder, "a.csv", "工单编号\nA1\nA2\n")


@nasty("read", rows_in=8, rows_used=8)
def column_names_twice(folder: Path):
    return csv(folder, [row + ",x" for row in ROWS], HEADER + ",诉求大类")


@nasty("read", rows_in=8, rows_used=8)
def columns_without_names(folder: Path):
    return csv(folder, [row + ",x,y" for row in ROWS], HEADER + ",,")


@nasty("read", rows_in=8, rows_used=8)
def padded_and_full_width_names(folder: Path):
    return csv(folder, ROWS, HEADER.replace("工单编号", "　工单编号 ").replace("来源", " ｓｏｕｒｃｅ "))


@nasty("read", rows_in=8, rows_used=8)
def two_thousand_columns(folder: Path):
    more = ",".join(f"c{n}" for n in range(2000))
    return csv(folder, [row + "," * 2000 for row in ROWS], f"{HEADER},{more}")


@nasty("read", rows_in=8, rows_used=8)
def a_field_of_two_megabytes(folder: Path):
    return csv(
        folder, [row + "," + ("水" * 700_000 if n == 3 else "") for n, row in enumerate(ROWS)], HEADER + ",诉求内容"
    )


# names of files


@nasty("read", rows_in=8, rows_used=8)
def ending_in_capitals(folder: Path):
    return put(folder, "A.CSV", TEXT)


@nasty("read", rows_in=8, rows_used=8)
def name_is_a_template(folder: Path):
    return put(folder, "{{7*191}}{% raw %}<script>alert(1)</script>.csv".replace("/", "_"), TEXT)


@nasty("read", rows_in=8, rows_used=8)
def name_is_an_option(folder: Path):
    return put(folder, "--out=x; rm -rf $(HOME) .csv", TEXT)


@nasty("read", rows_in=8, rows_used=8)
def name_like_a_path(folder: Path):
    return put(folder, "..%2f..%2fetc%2fpasswd;C:\\temp\\x.csv", TEXT)


@nasty("refused", "there is no such file")
def name_of_nothing(folder: Path):
    return folder / "nowhere.csv"


@nasty("refused", "files ending in nothing are not read")
def no_ending(folder: Path):
    return put(folder, "export", TEXT)


@nasty("refused", "the file is empty")
def a_pipe_instead_of_a_file(folder: Path):
    os.mkfifo(folder / "a.csv")
    return folder / "a.csv"


@nasty("refused", "there is no such file")
def a_link_to_itself(folder: Path):
    (folder / "a.csv").symlink_to(folder / "a.csv")
    return folder / "a.csv"


@nasty("refused", "holds no table")
def a_folder_without_tables(folder: Path):
    (folder / "calls").mkdir()
    put(folder / "calls", "readme.md", "nothing")
    return folder / "calls"


@nasty("read", rows_in=16, rows_used=8, rows_duplicate=8)
def the_same_file_twice(folder: Path):
    path = put(folder, "a.csv", TEXT)
    return [path, path]


@nasty("read", rows_in=16, rows_used=16)
def same_name_in_two_folders_with_drifting_columns(folder: Path):
    for month in ("1", "2"):
        (folder / month).mkdir()
    other = HEADER.replace("工单编号", "案件编号").replace("诉求大类", "一级分类").replace("受理时间", "登记时间")
    return [csv(folder / "1", ROWS), csv(folder / "2", [row.replace("A", "B") for row in ROWS], other)]


@nasty("refused", "column 联系电话 holds personal data and cannot be used")
def a_phone_column_named_as_identifier(folder: Path):
    return Handed([put(folder, "a.csv", TEXT)], columns={"id": "联系电话"})


@nasty("refused", "there is no column 时间不存在")
def a_named_column_that_is_not_there(folder: Path):
    return Handed([put(folder, "a.csv", TEXT)], columns={"time": f"时间{PHONE[:0]}不存在"})
