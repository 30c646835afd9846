"""A run on chosen classes: what it counts, what it leaves alone, what it refuses, and where it says so."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pandas as pd
import pytest
from gridbeacon.cli.entry import execute
from gridbeacon.errors import InputError
from gridbeacon.layers.privacy import class_policy
from gridbeacon.pipeline import Plan, check_inputs, run
from gridbeacon.pipeline.line import line_of
from gridbeacon.pipeline.scope import check_classes, chosen, nodes_of, scope_words
from hypothesis import given
from hypothesis import strategies as st
from streets_city import DISPUTE, NOISE, PRESSURE, STOPPED, write_city

NAMES = [STOPPED, PRESSURE, NOISE, DISPUTE, "未分类"]
NODES = ["供水", STOPPED, PRESSURE, "噪声", NOISE, "矛盾纠纷", "未分类"]


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """The city of nine streets, with rows that are outside, twice, without a time, without a class, and refused."""
    incidents, cells = write_city(tmp_path_factory.mktemp("scope"))
    table = pd.read_csv(incidents, dtype=str)
    table.loc[5:24, "经度"] = "118.9"
    table.loc[30:39, "受理时间"] = "昨天"
    table.loc[50:79, "诉求类型"] = ""
    table.loc[90:97, "诉求类型"] = "宗教/活动"
    table = pd.concat([table, table.iloc[200:212]])
    table.to_csv(incidents, index=False)
    return [incidents], cells


@pytest.fixture(scope="module")
def whole(city):
    return check_inputs(Plan(), *city)


@given(st.lists(st.sampled_from(NODES), max_size=4))
def test_chosen_is_what_lies_at_or_below_a_node(nodes):
    own = [any(name == node or name.startswith(node + "/") for node in nodes) or not nodes for name in NAMES]
    assert chosen(NAMES, nodes).tolist() == own
    kept = nodes_of(nodes)
    assert chosen(NAMES, kept).tolist() == own and list(kept) == sorted(set(kept))
    assert not any(a != b and a.startswith(b + "/") for a in kept for b in kept)


def test_the_root_and_nothing_stand_for_every_class():
    assert nodes_of([]) == nodes_of(["全部", "供水"]) == nodes_of(["", " "]) == ()
    assert nodes_of([" 供水 / 停水 ", "供水/停水/"]) == ("供水/停水",)
    assert chosen([], ["供水"]).tolist() == [] and chosen(NAMES, []).all()


@pytest.mark.parametrize(
    "classes", [["供水"], [STOPPED, NOISE], ["未分类"], ["矛盾纠纷"], ["供水", "噪声", "矛盾纠纷", "未分类"]]
)
def test_choosing_moves_rows_from_used_to_excluded_and_nothing_else(city, whole, classes):
    found = check_inputs(Plan().with_settings({"classes": classes}), *city)
    before, after = whole["account"], found["account"]
    own = sum(n for name, n in rows_of(whole["class_tree"]).items() if chosen([name], classes)[0])
    assert after["rows_used"] == own > 0
    assert after["rows_used"] + after["rows_excluded"] == before["rows_used"] + before["rows_excluded"]
    untouched = set(before) - {"rows_used", "rows_excluded"}
    assert {name: before[name] for name in untouched} == {name: after[name] for name in untouched}
    assert before["rows_outside"] == 20 and before["rows_quarantined"] == 10 and before["rows_duplicate"] == 12
    assert found["period"] == whole["period"] and found["missing_bins"] == whole["missing_bins"]
    told = [n for n in found["notices"] if n["code"] == "N-CLASS-006"]
    assert len(told) == 1 and f"{after['rows_excluded'] - before['rows_excluded']}行" in told[0]["zh"]
    left = [rule for rule in found["rules"] if rule["code"] == "P-CLASS-002"]
    assert sum(rule["rows"] for rule in left) == after["rows_excluded"] - before["rows_excluded"]


def rows_of(tree, above=""):
    """Class -> rows, of the leaves of a tree."""
    found = {}
    for name, entry in tree.items():
        below = rows_of(entry["below"], f"{above}{name}/")
        found |= below or {above + name: entry["rows"]}
    return found


def test_the_tree_holds_every_class_whichever_are_chosen(city, whole):
    tree = whole["class_tree"]
    assert list(tree) == ["噪声", "矛盾纠纷", "供水", "未分类"] and "宗教" not in json.dumps(tree, ensure_ascii=False)
    assert tree["矛盾纠纷"]["described"] and tree["矛盾纠纷"]["below"]["邻里"]["described"]
    assert "described" not in tree["供水"] and "chosen" not in tree["供水"]
    assert tree["供水"]["rows"] == sum(entry["rows"] for entry in tree["供水"]["below"].values())
    assert sum(entry["rows"] for entry in tree.values()) == whole["account"]["rows_used"]
    scoped = check_inputs(Plan().with_settings({"classes": [STOPPED]}), *city)["class_tree"]
    assert {n: e["rows"] for n, e in scoped.items()} == {n: e["rows"] for n, e in tree.items()}
    assert scoped["噪声"]["chosen"] is False and "chosen" not in scoped["供水"]["below"]["停水"]


def test_the_summary_adds_up_and_names_the_weightiest_trouble_first(city, whole):
    for found in (whole, check_inputs(Plan().with_settings({"classes": ["供水"]}), *city)):
        told = found["summary"]
        assert told["rows_in"] == told["rows_used"] + sum(entry["rows"] for entry in told["set_aside"])
        assert all(entry["zh"] and entry["en"] and entry["code"] for entry in (*told["set_aside"], *told["trouble"]))
        assert [entry["rows"] for entry in told["set_aside"]] == sorted(
            (entry["rows"] for entry in told["set_aside"]), reverse=True
        )
    codes = [entry["code"] for entry in whole["summary"]["trouble"]]
    assert codes == ["N-CLASS-001", "N-PLACE-001", "E-TIME-001"]
    assert [level["cells"] for level in whole["summary"]["cells"]] == list(whole["cells"].values())
    json.dumps(whole, ensure_ascii=False)


def test_unknown_and_refused_classes_are_refused_with_what_is_near():
    policy = class_policy()
    with pytest.raises(InputError) as refused:
        check_classes(["停水"], NAMES, policy)
    assert refused.value.code == "E-PLAN-009" and "供水/停水" in refused.value.fix_zh
    with pytest.raises(InputError, match="噪声"):
        check_classes(["噪音"], NAMES, policy)
    with pytest.raises(InputError, match="供水"):
        check_classes(["zzz"], NAMES, policy)
    with pytest.raises(InputError) as refused:
        check_classes(["供水", "宗教"], [*NAMES, "宗教/活动"], policy)
    assert refused.value.code == "E-PLAN-010"
    check_classes(["供水", "未分类"], NAMES, policy)


def test_a_chosen_class_without_a_row_before_the_moment_is_refused(city, tmp_path):
    table = pd.read_csv(city[0][0], dtype=str)
    late = table.iloc[[-1]].assign(工单编号="Z1", 受理时间="2025-06-01 08:00:00", 诉求类型="井盖/破损")
    late.to_csv(tmp_path / "late.csv", index=False)
    plan = Plan().with_settings({"classes": ["井盖"], "as_of": "2025-03-01"})
    with pytest.raises(InputError) as refused:
        check_inputs(plan, [*city[0], tmp_path / "late.csv"], city[1])
    assert refused.value.code == "E-PLAN-011"


def test_the_setting_survives_plan_file_and_command_line(tmp_path, city, capsys):
    plan = Plan().with_settings({"classes": '["噪音,扰民", "供水/停水"]'})
    assert plan.classes == ("噪音,扰民", "供水/停水")
    (tmp_path / "plan.toml").write_text(plan.to_toml(), encoding="utf-8")
    assert Plan.from_toml(tmp_path / "plan.toml") == plan
    assert Plan().with_settings({"classes": "供水，噪声/施工"}).classes == ("供水", "噪声/施工")
    assert Plan().with_settings({"classes": ""}).classes == ()
    asked = ["check", "--incidents", str(city[0][0]), "--cells", str(city[1]), "--classes", "供水,噪声", "--json"]
    assert execute([*asked, "--progress", "none"]) == 0
    assert set(json.loads(capsys.readouterr().out)["classes"]) == {"供水", "噪声"}


def test_another_choice_is_another_line_and_none_is_the_line_of_old_plans():
    plain = line_of(Plan())
    assert "plan.classes" not in plain["settings"]
    one, same, other = (
        line_of(Plan().with_settings({"classes": classes}))
        for classes in (["供水", "噪声"], ["噪声", "供水/停水", "供水"], ["供水"])
    )
    assert one == same and len({plain["fingerprint"], one["fingerprint"], other["fingerprint"]}) == 3
    assert scope_words([]) == "" and scope_words(["噪声", "供水"]) == "(供水、噪声)"
    assert scope_words(list("abcd")) == "(a、b等4类)"


@pytest.fixture(scope="module")
def runs(city, tmp_path_factory):
    """The same city without a choice and with one, under one ledger: outcomes."""
    folder = tmp_path_factory.mktemp("runs")
    facts = {"ledger": folder / "ledger.sqlite"}
    every = run(Plan().with_settings({"as_of": "2025-02-28"}), *city, out=folder / "every", **facts)
    plan = Plan().with_settings({"classes": ["供水"], "as_of": "2025-03-01"})
    return every, run(plan, *city, out=folder / "water", public=folder / "public", **facts)


def test_models_maps_and_warnings_see_the_chosen_classes_only(runs):
    _, water = runs
    assert len(water.early_warnings) and water.early_warnings["category"].str.startswith(("供水", "全部")).all()
    assert set(water.risk["category"]) <= {"全部", "供水"} and set(water.hotspots["category"]) <= {"全部", "供水"}
    whole = water.risk[(water.risk["cell_id"] == "CITY") & (water.risk["category"] == "全部")]
    stories = water.further["stories"].set_index("cell_id")
    assert set(json.loads(stories.loc["CITY", "classes"])) == {STOPPED, PRESSURE}
    assert whole["incidents"].item() == sum(json.loads(stories.loc["CITY", "classes"]).values())
    assert water.account["rows_excluded"] > 10_000


def test_a_scope_is_said_wherever_a_run_is_read(runs):
    every, water = runs
    assert every.facts["title"] == "城市风险晨报" and every.facts["scope"] == []
    assert water.facts["title"] == "城市风险晨报(供水)" and water.facts["scope"] == ["供水"]
    assert water.manifest["plan"]["plan"]["classes"] == ["供水"]
    assert any(n["code"] == "N-CLASS-006" for n in water.manifest["notices"])
    for page in (water.out / "briefing.html", water.out.parent / "public" / "briefing.html"):
        assert "城市风险晨报(供水)" in page.read_text(encoding="utf-8")
    with zipfile.ZipFile(water.out / "early_warnings.xlsx") as book:
        strings = book.read("xl/sharedStrings.xml").decode("utf-8")
    assert "研判的类别" in strings and "仅研判所选类别:供水" in strings
    assert Plan.from_toml(water.out / "plan.toml").classes == ("供水",)


def test_a_change_of_scope_begins_a_new_line_and_says_so(runs):
    told = [n["zh"] for n in runs[1].facts["notices"] if n["code"] == "N-LINE-001"]
    assert len(told) == 1 and "研判的类别 - → 供水" in told[0]


def test_a_class_is_tested_against_the_same_past_whether_it_was_chosen_or_not(city):
    """Missing days, festivals and late reports are learned from every class."""
    from gridbeacon.pipeline.journey import gather_inputs
    from gridbeacon.pipeline.preparation import prepare

    silent = lambda fraction, text: None  # noqa: E731
    every, water = (
        prepare(Plan().with_settings({"classes": classes}), gather_inputs(*city), silent) for classes in ([], [STOPPED])
    )
    assert np.array_equal(every.valid, water.valid) and np.array_equal(every.total, water.total)
    known, own = (ready.counts.cube(STOPPED, 2) for ready in (every, water))
    assert np.array_equal(known.counts, own.counts) and np.array_equal(known.bins, own.bins)
    left, right = (ready.almanac.of_class(ready.counts, STOPPED, ready.plan, ready.valid) for ready in (every, water))
    assert all(np.array_equal(left[name], right[name]) for name in left)


def test_a_replay_of_chosen_classes_says_what_a_run_says(city, runs):
    from gridbeacon.pipeline.journey import gather_inputs
    from gridbeacon.pipeline.replay import replay

    plan = Plan().with_settings({"classes": ["供水"]})
    found = replay(plan, gather_inputs(*city), "2025-02-27", "2025-03-01").warnings
    last = found[(found["as_of"] == "2025-03-01") & ~found["phase"].isin(["ended", "merged"])]
    live = runs[1].early_warnings
    live = live[~live["phase"].isin(["ended", "merged"])]
    names = ["cell_id", "category", "observed", "expected", "level"]
    assert last[names].to_dict("records") == live[names].to_dict("records") != []
