"""What stands in the fields: codes, dates, coordinates, texts that are code elsewhere."""

from __future__ import annotations

from pathlib import Path

from . import HEADER, ID_CARD, NAME, PHONE, ROWS, changed, csv, nasty

EIGHTEEN = [f"4401050010031200{n:02d}" for n in range(8)]
TWENTY_FIVE = [f"44010500100312000000001{n:02d}" for n in range(8)]
ID, TIME, CLASS, SUB, LON, LAT, SOURCE = range(7)


# codes


@nasty("read", rows_in=8, rows_used=8)
def codes_of_18_digits(folder: Path):
    return csv(folder, changed(ID, *EIGHTEEN))


@nasty("read", rows_in=8, rows_used=8)
def codes_of_25_digits(folder: Path):
    return csv(folder, changed(ID, *TWENTY_FIVE))


@nasty("read", rows_in=8, rows_used=5, rows_quarantined=3)
def codes_a_spreadsheet_rounded(folder: Path):
    return csv(folder, changed(ID, "4.40105E+17", "4.40105E+17", "1E+24"))


@nasty("read", rows_in=8, rows_used=8)
def leading_zeros(folder: Path):
    return csv(folder, changed(ID, *(f"00{n}" for n in range(7)), "7"))


@nasty("read", rows_in=8, rows_used=8)
def codes_in_excel_disguise(folder: Path):
    return csv(folder, changed(ID, "'0012", '="0013"', "\t0014"))


@nasty("read", rows_in=8, rows_used=8)
def codes_that_read_like_nothing(folder: Path):
    return csv(folder, changed(ID, "NA", "null", "NaN", "None", "N/A", "-", "无", "TRUE"))


@nasty("read", rows_in=8, rows_used=8)
def identifiers_are_phones(folder: Path):
    return csv(folder, changed(ID, *(f"1380013{n:04d}" for n in range(7)), PHONE))


@nasty("read", rows_in=8, rows_used=8)
def identifiers_are_identity_cards(folder: Path):
    return csv(folder, changed(ID, *[ID_CARD] * 8))


@nasty("read", rows_in=9, rows_used=8, rows_duplicate=1)
def exact_duplicate(folder: Path):
    return csv(folder, [*ROWS, ROWS[3]])


@nasty("read", rows_in=9, rows_used=9)
def same_identifier_other_time(folder: Path):
    return csv(folder, [*ROWS, ROWS[3].replace("11:03", "12:03")])


@nasty("read", rows_in=8, rows_used=1, rows_duplicate=7)
def eight_times_the_same_row(folder: Path):
    return csv(folder, [ROWS[2]] * 8)


@nasty("read", rows_in=9, rows_used=8, rows_duplicate=1)
def duplicates_without_identifiers(folder: Path):
    rows = changed(ID, *[""] * 8)
    return csv(folder, [*rows, rows[0]])


# dates


@nasty("read", rows_in=8, rows_used=6, rows_quarantined=2)
def days_that_do_not_exist(folder: Path):
    return csv(folder, changed(TIME, "2026-02-31 08:00:00", "2026-13-01 08:00:00"))


@nasty("read", rows_in=8, rows_used=5, rows_quarantined=3)
def hours_that_do_not_exist(folder: Path):
    return csv(folder, changed(TIME, "2026-01-05 24:00:00", "2026-01-05 08:61:00", "2026-01-05 08:00:60"))


@nasty("read", rows_in=8, rows_used=7, rows_quarantined=1)
def day_first_with_31_february(folder: Path):
    return csv(folder, changed(TIME, "31/02/2026 08:00", *(f"{day}/01/2026 08:00" for day in range(14, 21))))


@nasty("refused", "two different days")
def day_and_month_cannot_be_told_apart(folder: Path):
    return csv(folder, changed(TIME, *(f"0{n}/0{9 - n}/2026 08:00" for n in range(1, 9))))


@nasty("read", rows_in=8, rows_used=8)
def day_first_proved_by_the_column(folder: Path):
    return csv(folder, changed(TIME, *(f"{13 + n}/01/2026 08:00" for n in range(8))))


@nasty("read", rows_in=8, rows_used=5, rows_quarantined=3)
def two_orders_in_one_column(folder: Path):
    return csv(folder, changed(TIME, *(["13/01/2026 08:00"] * 5), *(["01/13/2026 08:00"] * 3)))


@nasty("read", rows_in=8, rows_used=5, rows_quarantined=3)
def several_layouts_in_one_column(folder: Path):
    return csv(folder, changed(TIME, "2026年1月5日 8时3分", "46027.3354", "20260105080300"))


@nasty("read", rows_in=8, rows_used=5, rows_quarantined=3)
def years_1_1899_and_9999(folder: Path):
    return csv(folder, changed(TIME, "0001-01-01 00:00:00", "9999-12-31 23:59:59", "1899-12-30 00:00:00"))


@nasty("read", rows_in=8, rows_used=8)
def excel_serials(folder: Path):
    return csv(folder, changed(TIME, *(f"4602{n}.{n}354" for n in range(8))))


@nasty("refused", "are not dates")
def epoch_seconds(folder: Path):
    return csv(folder, changed(TIME, *(str(1767600000 + 86400 * n) for n in range(8))))


@nasty("refused", "are not dates")
def years_of_two_digits(folder: Path):
    return csv(folder, changed(TIME, *(f"26-01-0{n} 08:00" for n in range(1, 9))))


@nasty("read", rows_in=8, rows_used=8)
def chinese_dates(folder: Path):
    words = ["上午 8时3分", "下午3点5分", "23时", "8:03", " 下午 12时30分", "", "上午11点59分", "0时0分"]
    return csv(
        folder, changed(TIME, *(f"2026年1月{n + 1}日{' ' if w else ''}{w.strip()}" for n, w in enumerate(words)))
    )


@nasty("read", rows_in=8, rows_used=8)
def full_width_dates(folder: Path):
    return csv(folder, changed(TIME, *(f"２０２６－０１－０{n}　０８：０３：００" for n in "１２３４５６７８")))


@nasty("read", rows_in=8, rows_used=8)
def times_with_and_without_offset(folder: Path):
    times = [
        "2026-01-05T08:03:00Z",
        "2026-01-05T16:03:00+08:00",
        "2026-01-05 16:03:00",
        "2026-01-05T08:03:00.123456-0500",
    ]
    return csv(folder, changed(TIME, *times))


@nasty("read", rows_in=8, rows_used=5, rows_quarantined=3)
def times_missing(folder: Path):
    return csv(folder, changed(TIME, "", "NULL", "-"))


@nasty("refused", "incident times are not dates")
def only_clock_times(folder: Path):
    return csv(folder, changed(TIME, *(f"0{n}:03" for n in range(8))))


@nasty("read", rows_in=8, rows_used=7)
def one_row_of_the_year_2099(folder: Path):
    return csv(folder, [*changed(TIME, "2099-01-01 00:00:00")])


# coordinates


@nasty("read", rows_in=8, rows_used=6, rows_quarantined=2)
def some_swapped(folder: Path):
    rows = [row.split(",") for row in ROWS]
    for row in rows[:2]:
        row[LON], row[LAT] = row[LAT], row[LON]
    return csv(folder, [",".join(row) for row in rows])


@nasty("refused", "swapped")
def all_swapped(folder: Path):
    return csv(folder, ROWS, HEADER.replace("经度", "?").replace("纬度", "经度").replace("?", "纬度"))


@nasty("read", rows_in=8, rows_used=6, rows_quarantined=2)
def zero_coordinates(folder: Path):
    rows = changed(LON, "0", "0.000000")
    return csv(folder, changed(LAT, "0", "-0.0", rows=rows))


@nasty("read", rows_in=8, rows_used=8)
def degrees_minutes_seconds(folder: Path):
    rows = changed(LON, *("113°30′12″" for _ in range(8)))
    return csv(folder, changed(LAT, *("22°30′18″" for _ in range(8)), rows=rows))


@nasty("read", rows_in=8, rows_used=8)
def both_in_one_column(folder: Path):
    rows = [",".join((*row.split(",")[:4], f'"{row.split(",")[4]},{row.split(",")[5]}"', "12345")) for row in ROWS]
    return csv(folder, rows, "工单编号,受理时间,诉求大类,诉求小类,经纬度,来源")


@nasty("refused", "lies in a cell")
def metres_without_a_system(folder: Path):
    rows = changed(LON, *(f"{38551000 + n * 200}.25" for n in range(8)))
    return csv(folder, changed(LAT, *("2490000.5" for _ in range(8)), rows=rows))


@nasty("refused", "are not numbers")
def decimal_commas(folder: Path):
    rows = [row.replace("113.", '"113,').replace(",22.505", '","22,505"') for row in ROWS]
    return csv(folder, rows)


@nasty("read", rows_in=8, rows_used=8)
def full_width_numbers(folder: Path):
    return csv(folder, changed(LON, "１１３．５０２", " 113.504 ", "＋113.506"))


@nasty("read", rows_in=8, rows_used=8)
def units_behind_numbers(folder: Path):
    return csv(folder, changed(LON, "113.502E", "113.504°", "东经113.506"))


@nasty("read", rows_in=8, rows_used=3, rows_quarantined=5)
def numbers_that_are_none(folder: Path):
    return csv(folder, changed(LON, "inf", "nan", "1e999", "0x71", "--"))


@nasty("read", rows_in=8, rows_used=6, rows_quarantined=2)
def coordinates_missing(folder: Path):
    return csv(folder, changed(LON, "", "null"))


@nasty("read", rows_in=8, rows_used=5, rows_quarantined=3)
def coordinates_out_of_range(folder: Path):
    return csv(folder, changed(LON, "1135.02", "1e300", "-180.0001"))


@nasty("read", rows_in=8, rows_used=6, rows_outside=2)
def far_away(folder: Path):
    return csv(folder, changed(LON, "116.4", "-73.9"))


@nasty("refused", "lies in a cell")
def all_far_away(folder: Path):
    return csv(folder, changed(LON, *["116.4"] * 8))


@nasty("read", rows_in=8, rows_used=7, rows_outside=1)
def on_borders_and_corners(folder: Path):
    return csv(folder, changed(LON, "113.5", "113.51", "113.52", "113.510"))


# texts that are code elsewhere

PAYLOADS = (
    "{{7*191}}",
    "{% raw %}",
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "=cmd|' /C calc'!A0",
    "'; DROP TABLE cells; --",
    "@layer_name",
    "${7*7}",
)


@nasty("read", rows_in=8, rows_used=8)
def payloads_as_classes(folder: Path):
    return csv(folder, changed(CLASS, *PAYLOADS))


@nasty("read", rows_in=8, rows_used=8)
def payloads_as_identifiers(folder: Path):
    return csv(folder, changed(ID, *PAYLOADS))


@nasty("read", rows_in=8, rows_used=8)
def payloads_as_sources(folder: Path):
    return csv(folder, changed(SOURCE, *PAYLOADS))


@nasty("read", rows_in=8, rows_used=8)
def payloads_as_column_names(folder: Path):
    return csv(folder, [row + ",1,2,3" for row in ROWS], HEADER + ",{{7*191}},<b>x</b>,'; DROP TABLE x; --")


@nasty("read", rows_in=8, rows_used=8)
def paths_as_classes(folder: Path):
    return csv(folder, changed(CLASS, "../../etc/passwd", "/", "//", "a/b/c", "C:\\x", "CON", ".", " / "))


@nasty("read", rows_in=8, rows_used=8)
def strange_characters(folder: Path):
    return csv(
        folder, changed(CLASS, "\u202e供水", "供\u200b水", "👩‍👩‍👧‍👦", "e\u0301", "\x07供水", "\u2028供水", "Å", "𠮷")
    )


@nasty("read", rows_in=8, rows_used=8)
def a_class_of_ten_thousand_characters(folder: Path):
    return csv(folder, changed(CLASS, "供水" * 5000))


@nasty("read", rows_in=8, rows_used=8)
def blank_classes(folder: Path):
    rows = changed(CLASS, "", "  ", "　", "null")
    return csv(folder, changed(SUB, "", "", "", "", rows=rows))


@nasty("read", rows_in=8, rows_used=8)
def people_inside_texts(folder: Path):
    texts = [f"联系人:{NAME}", PHONE, f"电话{PHONE}没水", ID_CARD, f"138-0013-8000 {NAME}的家"]
    return csv(
        folder, changed(SOURCE, *(f"姓名:{NAME}" if NAME in t else t for t in texts), rows=changed(CLASS, *texts[:4]))
    )


@nasty("read", rows_in=8, rows_used=6, rows_excluded=2)
def classes_that_are_refused(folder: Path):
    return csv(folder, changed(CLASS, "涉政言论", "宗教活动"))


@nasty("read", rows_in=2000, rows_used=2000)
def two_thousand_classes(folder: Path):
    rows = [f"Z{n},2026-01-0{1 + n % 8} 08:00:00,类{n},子{n},113.50{n % 10},22.505,12345,," for n in range(2000)]
    return csv(folder, rows)


@nasty("read", rows_in=8, rows_used=8)
def severities_of_all_kinds(folder: Path):
    words = ["1", "１", "很急", "", "-3", "1e308", "nan", "inf"]
    return csv(folder, [f"{row},{word}" for row, word in zip(ROWS, words, strict=True)], HEADER + ",严重程度")
