"""Columns: names found exactly, dates by one layout per column, numbers and codes without loss, encodings strictly."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from gridbeacon.errors import InputError
from gridbeacon.layers.columns import decode, find_columns, known_names, localise, parse_dates, to_numbers, to_text
from gridbeacon.layers.columns.dates import AMBIGUOUS, BLANK, IMPLAUSIBLE, IMPOSSIBLE, LAYOUTS, UNREADABLE
from gridbeacon.layers.columns.names import is_person_column, normal_name
from hypothesis import given
from hypothesis import strategies as st

TAINAN = ["case_id", "received_at", "district", "category", "subcategory", "lon", "lat"]
BOSTON = ["case_enquiry_id", "opened_at", "closed_at", "subject", "reason", "type", "queue", "department", "source"]
BOSTON += ["latitude", "longitude"]
ST_LOUIS = ["complaint", "reported_month", "occurred_at", "category", "description", "district", "x", "y", "lon", "lat"]
HOTLINE = [
    "工单编号",
    "来源",
    "办理类型",
    "诉求大类",
    "诉求小类",
    "诉求事项",
    "受理时间",
    "发生时间",
    "办结时间",
    "承办单位",
    "网格编码",
    "经度",
    "纬度",
    "来电人",
    "联系电话",
    "诉求内容",
]


def found(names, named=None, **kwargs):
    return find_columns(names, named, where="a.csv", **kwargs)


def texts(*values):
    return pa.array(values, pa.string())


def read(*values):
    dates = parse_dates(texts(*values))
    return [None if np.isnat(v) else str(v.astype("datetime64[s]")).replace("T", " ") for v in dates.values], list(
        dates.why
    )


# names


@pytest.mark.parametrize(
    ("names", "expected", "category"),
    [
        (TAINAN, {"time": "received_at", "id": "case_id", "lon": "lon", "lat": "lat"}, ("category", "subcategory")),
        (
            BOSTON,
            {"time": "opened_at", "closed_time": "closed_at", "handler": "department", "lon": "longitude"},
            ("subject", "reason", "type"),
        ),
        (ST_LOUIS, {"time": "occurred_at", "id": "complaint", "lon": "lon", "lat": "lat"}, ("category",)),
        (
            HOTLINE,
            {"time": "发生时间", "reported_time": "受理时间", "kind": "办理类型", "cell_code": "网格编码"},
            ("诉求大类", "诉求小类", "诉求事项"),
        ),
    ],
    ids=["tainan", "boston", "st louis", "hotline"],
)
def test_known_columns_are_found(names, expected, category):
    mapping = found(names)
    assert expected.items() <= mapping.columns.items()
    assert mapping.category == category
    assert not mapping.planar


def test_no_name_stands_for_two_roles():
    """A name in two lists would be taken twice, by chance of their order."""
    names = [name for role in known_names()["roles"].values() for name in role]
    names += [*known_names()["person"]["names"], *known_names()["free_text"]]
    assert sorted(names) == sorted(set(names))


def test_names_are_compared_in_one_form():
    assert normal_name(" ＣＡＳＥ Id\ufeff") == normal_name("case-id") == "case_id"


def test_no_known_name_is_taken_for_a_person_column():
    assert [n for role in known_names()["roles"].values() for n in role if is_person_column(n)] == []


def test_person_columns_and_texts_are_told_apart_and_not_read():
    mapping = found(HOTLINE)
    assert mapping.person == ("来电人", "联系电话")
    assert mapping.free_text == ("诉求内容",)
    assert not {*mapping.person, *mapping.free_text} & {*mapping.used}


def test_the_user_wins_over_known_names():
    mapping = found(BOSTON, {"category": "reason", "time": "closed_at"})
    assert mapping.category == ("reason",)
    assert mapping.columns["time"] == "closed_at"


def test_several_class_columns_can_be_named():
    assert found(BOSTON, {"category": "subject, type"}).category == ("subject", "type")


def test_a_missing_column_is_named_with_the_nearest():
    with pytest.raises(InputError) as caught:
        found(TAINAN, {"category": "catgory"})
    assert "catgory" in caught.value.problem
    assert "Did you mean category?" in caught.value.fix
    assert "received_at" in caught.value.fix


def test_a_near_name_is_never_taken_unasked():
    with pytest.raises(InputError, match=r"no column is known to hold the time.*--time"):
        found(["case_id", "receved_at", "category", "lon", "lat"])


def test_without_coordinates_the_columns_that_exist_are_told():
    with pytest.raises(InputError, match=r"no columns are known to hold coordinates.*--lon.*received_at"):
        found(["case_id", "received_at", "category"])


def test_a_person_column_is_refused_as_a_role():
    with pytest.raises(InputError, match="personal data"):
        found(HOTLINE, {"id": "联系电话"})


def test_degrees_are_preferred_to_planar_unless_asked():
    assert found(ST_LOUIS, planar=True).columns["lon"] == "x"
    assert found(ST_LOUIS, planar=False).columns["lon"] == "lon"
    assert found([n for n in ST_LOUIS if n not in ("lon", "lat")]).planar


def test_the_points_of_a_layer_outrank_its_columns():
    assert "lon" not in found(TAINAN, has_geometry=True).columns
    assert found(TAINAN, {"lon": "lon", "lat": "lat"}, has_geometry=True).columns["lon"] == "lon"


def test_a_second_candidate_is_remembered():
    mapping = found(["受理时间", "登记时间", "类别", "经度", "纬度"])
    assert mapping.columns["time"] == "受理时间"
    assert mapping.unused == {"received": ("受理时间", "登记时间")}


# dates


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-05 08:03:00",
        "2026-01-05T08:03",
        "2026-01-05T08:03:00.000",
        "2026/1/5 8:03",
        "2026/1/5 上午 8:03:00",
        "2026/01/05 08:03:00 AM",
        "2026.1.5 8:03",
        "20260105080300",
        "202601050803",
        "2026年1月5日 8时3分",
        "2026年01月05日08时03分00秒",
        "2026年1月5日 上午8:03",
        "２０２６／１／５　８：０３",
        "46027.3354166667",
    ],
)
def test_a_layout_is_read(written):
    assert read(written, "", written) == (["2026-01-05 08:03:00", None, "2026-01-05 08:03:00"], [0, BLANK, 0])


def test_afternoon():
    values, _ = read("2026/1/5 下午 3:20", "2026/1/5 下午 12:10", "2026/1/5 上午 12:10")
    assert [v[11:16] for v in values] == ["15:20", "12:10", "00:10"]


def test_impossible_days_and_hours_are_named_not_bent():
    values, why = read(
        "2026-02-30 10:00", "2026-13-01", "2026-01-05 25:00", "2026-01-05 10:61", "2024-02-29", "2025-02-29"
    )
    assert why == [IMPOSSIBLE] * 4 + [0, IMPOSSIBLE]
    assert values[4] == "2024-02-29 00:00:00"


def test_one_layout_per_column_and_the_rest_is_unreadable():
    values, why = read("2026-01-05", "2026-01-06", "05.01.26", "soon", "2026/1/7")
    assert why == [0, 0, UNREADABLE, UNREADABLE, UNREADABLE]
    assert values[:2] == ["2026-01-05 00:00:00", "2026-01-06 00:00:00"]


def test_the_layout_that_reads_most_wins_though_the_first_rows_have_another():
    many = [f"2026/1/{day} 8:00" for day in range(1, 31)]
    dates = parse_dates(texts("2026-01-05", "2026-01-06", *many))
    assert (dates.layout, int((dates.why == 0).sum())) == ("2026/1/5 8:03", 30)


def test_day_and_month_are_never_guessed():
    assert read("05/06/2026", "07/08/2026", "09/09/2026") == (
        [None, None, "2026-09-09 00:00:00"],
        [AMBIGUOUS, AMBIGUOUS, 0],
    )


def test_a_day_above_twelve_proves_the_order():
    assert read("05/06/2026", "25/06/2026")[0] == ["2026-06-05 00:00:00", "2026-06-25 00:00:00"]
    assert read("05/06/2026", "06/25/2026")[0] == ["2026-05-06 00:00:00", "2026-06-25 00:00:00"]


def test_a_column_that_proves_both_orders_is_ambiguous():
    assert read("05/06/2026", "25/06/2026", "26/06/2026", "06/25/2026")[1] == [AMBIGUOUS, 0, 0, UNREADABLE]


def test_implausible_years():
    assert read("1900-01-01", "9999-12-31", "2026-01-05")[1] == [IMPLAUSIBLE, IMPLAUSIBLE, 0]


def test_typed_dates_stay_typed():
    days = [dt.datetime(2026, 1, 5, 8, 3), None]
    dates = parse_dates(pa.array(days, pa.timestamp("ns")))
    assert (str(dates.values[0]), dates.layout, list(dates.why)) == ("2026-01-05T08:03:00.000000", "", [0, BLANK])


def test_an_offset_in_the_value_is_kept_and_one_from_the_plan_given():
    dates = parse_dates(texts("2026-01-05T00:03:00Z", "2026-01-05T08:03:00+08:00", "2026-01-05T08:03:00"))
    times, double, skipped = localise(dates, "Asia/Shanghai")
    assert [str(t) for t in times] == ["2026-01-05 08:03:00+08:00"] * 3
    assert (double, skipped) == (0, 0)


def test_the_hours_of_a_clock_change_are_kept_and_counted():
    dates = parse_dates(texts("2011-11-06 01:30", "2011-03-13 02:30", "2011-07-01 02:30"))
    times, double, skipped = localise(dates, "America/New_York")
    assert [str(t) for t in times] == [
        "2011-11-06 01:30:00-04:00",
        "2011-03-13 03:30:00-04:00",
        "2011-07-01 02:30:00-04:00",
    ]
    assert (double, skipped) == (1, 1)


def test_an_unknown_time_zone_is_named():
    with pytest.raises(InputError, match=r"no time zone 'Mars/Base'.*Asia/Shanghai"):
        localise(parse_dates(texts("2026-01-05")), "Mars/Base")


WRITERS = {
    "2026-01-05 08:03": "%Y-%m-%d %H:%M:%S",
    "2026/1/5 8:03": "%Y/%m/%d %H:%M:%S",
    "2026.1.5 8:03": "%Y.%m.%d %H:%M:%S",
    "20260105080300": "%Y%m%d%H%M%S",
    "2026年1月5日 8时3分": "%Y年%m月%d日 %H时%M分%S秒",
}
SECONDS = st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2100, 12, 31)).map(lambda t: t.replace(microsecond=0))


@given(st.lists(SECONDS, min_size=1, max_size=20), st.sampled_from(sorted(WRITERS)))
def test_what_is_written_is_read_back(times, layout):
    dates = parse_dates(texts(*(t.strftime(WRITERS[layout]) for t in times)))
    assert dates.layout == layout
    assert [v.astype("datetime64[s]").item() for v in dates.values] == times


@given(st.lists(SECONDS, min_size=2, max_size=20), st.sampled_from(sorted(WRITERS)), st.integers(0, 25))
def test_the_fast_way_and_the_pattern_agree(times, layout, clock):
    """A blank row or one of another width sends no value astray; an impossible hour is named by both ways."""
    values = [t.strftime(WRITERS[layout]) for t in times]
    odd = values[0].replace("08", f"{clock:02d}")
    fast, slow = parse_dates(texts(*values, odd, "")), parse_dates(texts(*values, odd, "", "?"))
    np.testing.assert_array_equal(fast.values, slow.values[:-1])
    np.testing.assert_array_equal(fast.why, slow.why[:-1])


@given(st.lists(st.text(max_size=25), max_size=20))
def test_any_text_is_read_or_named(values):
    dates = parse_dates(pa.array(values, pa.string()))
    assert len(dates.why) == len(values)
    assert ((dates.why == 0) == ~np.isnat(dates.values)).all()


def test_every_layout_reads_its_own_name():
    for name in LAYOUTS:
        assert parse_dates(texts(name, name.replace("5/1/2026", "25/1/2026"))).layout == name


# numbers and codes


def test_numbers():
    values, bad = to_numbers(texts("113.5", " -22 ", "1.2e2", "１１３．５", "", "NULL", "113,5", "n/a", "1e5000"))
    np.testing.assert_array_equal(values[:7], [113.5, -22, 120, 113.5, np.nan, np.nan, np.nan])
    assert list(bad) == [False] * 6 + [True, False, True]


CODES = st.text("0123456789", min_size=1, max_size=25)


@given(st.lists(CODES, min_size=1, max_size=10))
def test_codes_of_any_length_stay_as_they_are(codes):
    text, lost = to_text(pa.array(codes, pa.string()))
    assert text.to_pylist() == codes
    assert not lost.any()


@given(st.lists(st.integers(0, 10**18 - 1), min_size=1, max_size=10))
def test_whole_numbers_become_their_digits(codes):
    assert to_text(pa.array(codes, pa.int64()))[0].to_pylist() == [str(code) for code in codes]


def test_a_code_in_a_floating_column_is_known_to_be_damaged():
    """One blank makes a reader turn a column of 18-digit codes into floats, and two codes become one."""
    text, lost = to_text(pa.array([440305001001001.0, 440305001001001002.0, None]))
    assert text.to_pylist()[0] == "440305001001001"
    assert list(lost) == [False, True, False]


# encodings

RARE = "㐀𠮷〇镕"
CHINESE = "工单编号,受理时间,诉求大类\n440305001,2026-01-05,供水排水\n"


@pytest.mark.parametrize(
    ("written", "encoding"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("gb18030", "gb18030"), ("gbk", "gb18030"), ("utf-16", "utf-16-le")],
)
def test_an_encoding_is_found(written, encoding):
    text, found_encoding = decode(CHINESE.encode(written), where="a.csv")
    assert (bytes(text).decode(), found_encoding) == (CHINESE, encoding)


def test_rare_characters_survive():
    assert bytes(decode((CHINESE + RARE).encode("gb18030"), where="a.csv")[0]).decode() == CHINESE + RARE


@pytest.mark.parametrize(
    "data",
    [CHINESE.encode() * 3 + b"\xff\xfe\xff\n", (CHINESE * 9).encode() + b"\xe4\n"],
)
def test_what_is_neither_is_refused_not_replaced(data):
    with pytest.raises(InputError, match=r"neither UTF-8 nor GB18030.*a.csv, line \d+"):
        decode(data, where="a.csv")
