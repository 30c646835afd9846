"""Places, never people: columns, patterns inside texts, and classes that are not for this work."""

from __future__ import annotations

import re

import pytest
from gridbeacon.errors import InputError
from gridbeacon.layers.privacy import (
    Pseudonyms,
    allowed_columns,
    class_policy,
    describe_only,
    is_id_card,
    mask_personal,
    mask_text,
    person_columns,
    read_key,
    read_policy,
    refused,
)
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
        ("请致电１３８００１３８０００", "请致电[电话]"),
        ("电话:075588888888", "电话:[电话]"),
        ("联系人是王小明", "联系人是[姓名]"),
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
    policy = class_policy()
    assert policy.refused and policy.describe_only
    assert all(all(row) and len(row) == 3 for row in (*policy.refused, *policy.describe_only))


def test_a_policy_of_the_plan_is_used_and_its_changes_are_told(tmp_path):
    own = tmp_path / "policy.json"
    own.write_text(
        '{"refused": [{"pattern": "噪声", "zh": "噪声", "en": "noise"}], "describe_only": []}', encoding="utf-8"
    )
    policy = read_policy(own)
    assert policy.refuses("生态环境/噪声") and not policy.describes_only("信访事项")
    assert ("refused", "噪声") in policy.added and ("refused", "言论|言論") in policy.removed
    assert policy.facts()["file"] == "policy.json" and len(policy.digest) == 64
    own.write_text('{"refused": [{"pattern": "(", "zh": "", "en": ""}], "describe_only": []}', encoding="utf-8")
    with pytest.raises(InputError, match="class policy"):
        read_policy(own)


def test_pseudonyms_tell_callers_apart_and_nothing_else():
    one, other = Pseudonyms(b"k" * 16), Pseudonyms(b"q" * 16)
    forms = ["13800138000", "+86 138-0013-8000", "１３８００１３８０００", "13800138000.0", " 13800138000 "]
    assert len({one.of(form) for form in forms}) == 1
    assert one.of(forms[0]) != other.of(forms[0]) and one.of("13800138001") != one.of(forms[0])
    assert re.fullmatch("[0-9a-f]{16}", one.of(forms[0])) and one.of("-") == ""
    assert "k" * 16 not in repr(one)


def test_the_key_lies_apart_from_the_outputs_and_is_long_enough(tmp_path, monkeypatch):
    monkeypatch.delenv("GRIDBEACON_PSEUDONYM_KEY", raising=False)
    with pytest.raises(InputError, match="no key"):
        read_key(None)
    monkeypatch.setenv("GRIDBEACON_PSEUDONYM_KEY", "short")
    with pytest.raises(InputError, match="has 5 bytes"):
        read_key(None)
    key = tmp_path / "out" / "key"
    key.parent.mkdir()
    key.write_bytes(b"x" * 32)
    assert read_key(key) == b"x" * 32
    with pytest.raises(InputError, match="among the outputs"):
        read_key(key, outputs=tmp_path / "out")


def test_the_public_sees_places_and_no_rows():
    assert allowed_columns("public", "members") == [] == allowed_columns("public", "incidents")
    assert "sources" not in allowed_columns("public", "early_warnings")
    assert "responsible" not in allowed_columns("public", "cells")
    assert allowed_columns("internal", "incidents", ["time", "caller", "text"]) == ["time"]
    assert allowed_columns("public", "risk", ["risk", "secret"]) == ["risk"]
    assert allowed_columns("public", "a table of next year") == []
    with pytest.raises(InputError, match="no profile"):
        allowed_columns("press", "risk")


def test_free_text_loses_surnames_too():
    assert mask_text("王先生称电话13800138000无人接听") == "某先生称电话[电话]无人接听"
