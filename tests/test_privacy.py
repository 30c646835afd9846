"""Places, never people: columns, patterns inside texts, and classes that are not for this work."""

from __future__ import annotations

import re

import pytest
from gridbeacon.layers.privacy import class_policy, describe_only, is_id_card, mask_personal, person_columns, refused
from hypothesis import given
from hypothesis import strategies as st

GB_11643 = "11010519491231002X"
"""The worked example of the standard GB 11643."""


def test_person_columns():
    names = [
        "工单编号",
        "来电人",
        "联系电话",
        "备用联系电话",
        "诉求人姓名",
        "Caller Phone",
        "受理时间",
        "网格编码",
        "name",
    ]
    assert person_columns(names) == ["来电人", "联系电话", "备用联系电话", "诉求人姓名", "Caller Phone", "name"]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("请回电13800138000。", "请回电[电话]。"),
        ("13800138000.0", "[电话]"),
        ("+86 138-0013-8000", "[电话]"),
        ("座机 0755-88888888", "座机 [电话]"),
        (f"证件{GB_11643}", "证件[证件]"),
        ("车牌粤B12345占道", "车牌[车牌]占道"),
        ("粤B·D12345", "[车牌]"),
        ("联系人:王小明", "联系人:[姓名]"),
        ("a.b@example.cn", "[邮箱]"),
        ("水管爆裂,路面积水", "水管爆裂,路面积水"),
        ("440305001001001", "440305001001001"),
    ],
)
def test_personal_data_inside_a_text_is_blotted_out(text, masked):
    assert mask_personal(text) == masked


def test_an_identity_number_is_told_by_its_check_digit():
    assert is_id_card(GB_11643)
    assert not is_id_card("110105194912310021")
    assert not is_id_card("440305001001001002")


@given(st.text("0123456789", min_size=0, max_size=4), st.integers(0, 10**9 - 1))
def test_no_mobile_number_survives_among_words(noise, tail):
    masked = mask_personal(f"{noise} 1{3 + tail % 7}{tail:09d} 电话")
    assert not re.search(r"1[3-9]\d{9}", masked)


@pytest.mark.parametrize(
    "name", ["网络舆情/言论", "宗教事务", "涉政有害信息", "游行示威", "Politics", "Religious matters", "重点人员走访"]
)
def test_speech_belief_and_politics_are_refused(name):
    assert refused(name)


@pytest.mark.parametrize("name", ["矛盾纠纷/邻里纠纷", "信访事项", "劳资/拖欠工资", "Labour disputes", "群体性事件"])
def test_disputes_and_petitions_are_only_described(name):
    assert describe_only(name)
    assert not refused(name)


@pytest.mark.parametrize(
    "name",
    [
        "供水排水/供水/水管爆裂",
        "噪音舉發/妨害安寧",
        "行政治安/巡逻",
        "Trees",
        "larceny",
        "Street Lights",
        "未分类",
        "违规停车",
    ],
)
def test_ordinary_classes_are_neither(name):
    assert not refused(name)
    assert not describe_only(name)


def test_every_entry_of_the_policy_says_why_in_both_languages():
    assert {"refused", "describe_only"} <= class_policy().keys()
    for policy in ("refused", "describe_only"):
        assert all({"pattern", "zh", "en"} <= row.keys() for row in class_policy()[policy])
