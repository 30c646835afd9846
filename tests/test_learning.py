"""What verdicts teach: shares beside R's, pooling, thresholds, and a ledger as it was really kept."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gridbeacon.cli.entry import execute
from gridbeacon.layers.ledger import open_ledger
from gridbeacon.models.learning import (
    clopper_pearson,
    false_per_days,
    pooled_precision,
    suggest_threshold,
    thresholds,
)
from gridbeacon.pipeline.learning import learned, warning_rows
from hypothesis import given
from hypothesis import strategies as st
from parity import agree

GOLDEN = Path(__file__).parent / "golden"
START = pd.Timestamp("2026-01-01")


@pytest.mark.parity
def test_intervals_of_shares_are_those_of_binom_test():
    golden = pd.read_csv(GOLDEN / "comparison_exact.csv")
    found = clopper_pearson(golden["now"].to_numpy(), (golden["now"] + golden["before"]).to_numpy())
    ours, theirs = np.append(found.low, found.high), np.append(golden["share_low"], golden["share_high"])
    agree("Learning from verdicts", "interval of a share", ours, theirs, source="R 4.2.2, binom.test", within=1e-9)
    none = clopper_pearson(0, 0)
    assert np.isnan(none.share[0]) and (none.low[0], none.high[0]) == (0.0, 1.0)


def test_false_ones_a_day_have_the_limits_of_garwood():
    """R 4.2.2: poisson.test(3)$conf.int is 0.6186721 and 8.7672731; poisson.test(5) ends at 11.6683321."""
    rate, low, high = false_per_days(3, 2, 10)
    assert (rate, low * 10, high * 10) == pytest.approx((0.3, 0.6186721, 11.6683321), abs=1e-6)
    assert false_per_days(3, 0, 1)[2] == pytest.approx(8.7672731, abs=1e-6)


def test_a_sparse_class_borrows_from_the_class_above():
    categories = ["a/x"] * 20 + ["a/y"] * 1 + ["b"] * 9
    true = [True] * 16 + [False] * 4 + [False] + [True] * 3 + [False] * 6
    found = pooled_precision(categories, true)
    assert list(found) == ["全部", "a", "b", "a/x", "a/y"]
    hits, n, mean, low, high = found["a/y"]
    assert (hits, n) == (0, 1) and 0.4 < mean < found["a"][2] and high - low > 0.5
    assert found["全部"][:2] == (19, 30) and found["全部"][2] == pytest.approx(19.5 / 31)  # Jeffreys, by hand
    assert found["a"][2] == pytest.approx((16 + 4 * 19.5 / 31) / 25)
    assert abs(found["a/x"][2] - 0.8) < 0.02


def test_pooled_intervals_cover_true_precisions():
    """Classes whose precisions differ, a few verdicts each: 95 % intervals hold the truth in 92 % and more."""
    rng, inside = np.random.default_rng(4), []
    for _ in range(60):
        truth = {f"a/{i}": p for i, p in enumerate(rng.beta(6, 3, 8))}
        rows = [(name, rng.random() < p) for name, p in truth.items() for _ in range(int(rng.integers(1, 15)))]
        found = pooled_precision([name for name, _ in rows], [hit for _, hit in rows])
        inside += [found[name][3] <= p <= found[name][4] for name, p in truth.items()]
    assert np.mean(inside) >= 0.92


verdicts = st.lists(st.tuples(st.floats(1, 4000), st.booleans()), min_size=1, max_size=40)


@given(verdicts)
def test_every_cut_keeps_and_loses_what_it_says(rows):
    days, true = np.array([d for d, _ in rows]), np.array([t for _, t in rows])
    for cut in thresholds(days, true):
        kept = days >= cut.days
        assert (cut.judged, cut.true) == (kept.sum(), (kept & true).sum())
        assert (cut.true_lost, cut.false_spared) == ((~kept & true).sum(), (~kept & ~true).sum())
        assert cut.low <= cut.precision <= cut.high
    found = suggest_threshold(days, true, 0.6, fewest=3)
    if found is not None:
        assert found.precision >= 0.6 and found.judged >= 3
        later = [cut for cut in thresholds(days, true) if cut.days > found.days and cut.judged >= 3]
        assert all(cut.precision >= 0.6 for cut in later)


def test_a_threshold_that_parts_true_from_false_is_found():
    days = np.array([400, 420, 500, 600, 700, 900, 1000, 1100, 1200, 1300, 1400, 1500, 1600, 1700, 1800.0])
    true = days >= 900
    found = suggest_threshold(days, true, 0.9, fewest=5)
    assert found.days == 700.0 and found.true_lost == 0 and found.false_spared == 4  # 10 of 11 are true from there
    assert suggest_threshold(days, ~true, 0.9, fewest=5) is None


def warning(name: str, level: str = "orange", days: float = 400.0, category: str = "供水/水管") -> dict:
    facts = {"cell_id": "c1", "cell_name": "一街", "models": "自身历史异常 0.80;热点 0.20"}
    return {"warning_id": name, "level": level, "recurrence_days": days, "category": category, **facts}


def day(number: int) -> str:
    return (START + pd.Timedelta(days=number)).isoformat()


@pytest.fixture
def book(tmp_path):
    """Twenty days: w0 to w9 orange at 400, 500 ... days; even ones true, odd ones dismissed, w8 and w9 open."""
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        line = {"name": "default", "fingerprint": "f1", "settings": {"early_warning.orange_days": 365.0}}
        ledger.issue([warning(f"w{i}", days=400.0 + 100 * i) for i in range(10)], day(0), "r0", line=line)
        ledger.issue([warning("w0", "red", 2000.0)], day(1), "r1", line=line)
        ledger.issue([warning("w0", "yellow", 100.0), warning("u1", "yellow", 120.0, "噪声")], day(20), "r2", line=line)
        for i in range(8):
            facts = {"actor": "duty", "time": day(2)}
            if i % 2:
                ledger.record(f"w{i}", "dismissed", note="误报", **facts)
                continue
            ledger.record(f"w{i}", "judged", payload={"verdict": "true"}, **facts)
            ledger.record(f"w{i}", "assigned", payload={"to": "水务" if i < 4 else "城管"}, **facts)
            ledger.record(f"w{i}", "reported" if i == 6 else "handled", **facts)
        ledger.record("w0", "closed", actor="duty", time=day(5))
        ledger.record("w6", "closed", actor="duty", time=day(5))
        ledger.record("u1", "judged", payload={"verdict": "unclear"}, actor="duty", time=day(21))
        yield ledger


def test_precision_is_what_was_judged(book):
    found = learned(book, 0.7)
    names = ("warnings", "true", "false", "unclear", "unjudged", "implied")
    assert [found["totals"][name] for name in names] == [11, 4, 4, 1, 2, 4]
    levels = {row["group"]: row for row in found["by_level"]}
    assert list(levels) == ["red", "orange", "yellow"]  # w0 counts as the red it was, not as the yellow it became
    assert (levels["orange"]["true"], levels["orange"]["false"], levels["orange"]["precision"]) == (3, 4, 0.4286)
    assert (levels["orange"]["low"], levels["orange"]["high"]) == (0.099, 0.8159)  # R: binom.test(3, 7)$conf.int
    assert levels["orange"]["if_open_were_false"] == 0.3333 and levels["orange"]["if_open_were_true"] == 0.5556
    assert found["by_model"][0]["group"] == "自身历史异常" and found["by_line"][0]["group"] == "default#1"
    assert [row["group"] for row in found["by_class"]] == ["全部", "供水", "供水/水管"]
    assert any("不是随机抽取" in text for text in found["caveats"])


def test_handled_and_reported_never_mix(book):
    closure = {(row["by"], row["group"]): row for row in learned(book)["closure"]}
    assert [closure["unit", "城管"][name] for name in ("handled", "closed", "reported")] == [1, 0, 1]
    assert [closure["unit", "水务"][name] for name in ("handled", "closed", "reported")] == [2, 1, 0]
    orange = closure["level", "orange"]
    assert [orange[name] for name in ("handled", "closed", "share", "reported")] == [2, 0, 0.0, 1]
    assert closure["level", "red"]["share"] == 1.0


def test_recurrence_is_held_against_what_was_found_false(book):
    bands = {row["group"]: row for row in learned(book)["calibration"]}
    band = bands["365-1825"]
    assert band["false"] == 4 and band["false_a_year"] == pytest.approx(4 * 365 / 21, abs=1e-3)
    assert (
        band["chance_a_year"] == pytest.approx(365 * (1 / 365 - 1 / 1825), abs=1e-4)
        and band["as_said"] == "more than said"
    )
    assert bands["1825+"]["as_said"] == "within what was said"


def test_what_another_line_succeeded_counts_once(book):
    book.record("w8", "cancelled", actor="run", time=day(22), note="由x接续", payload={"successor": "x"})
    assert "w8" not in {row["warning_id"] for row in warning_rows(book)} and learned(book)["totals"]["warnings"] == 10


def test_few_verdicts_suggest_nothing_and_many_do(book):
    assert [row["status"] for row in learned(book)["thresholds"]] == ["too few verdicts", "too few verdicts"]
    more = [warning(f"v{i}", days=400.0 + 40 * i) for i in range(30)]
    book.issue(more, day(30), "r3")
    for i in range(30):
        facts = {"actor": "duty", "time": day(31)}
        book.record(f"v{i}", "judged", payload={"verdict": "true" if i >= 15 else "false"}, **facts)
    orange = learned(book, 0.8)["thresholds"][0]
    assert orange["status"] == "suggested" and orange["in_force"] == 365.0 and 800 <= orange["days"] <= 1000
    assert orange["precision"] >= 0.8 and orange["low"] < 0.8 and orange["false_spared"] >= 10


def test_the_command_tells_and_writes(tmp_path, book, capsys):
    path = str(tmp_path / "ledger.sqlite")
    csv, text = tmp_path / "v.csv", tmp_path / "v.json"
    assert execute(["learn", "--ledger", path, "--out", str(csv)]) == 0
    told = capsys.readouterr().err
    assert "orange: 3 of 7 judged true, 43%" in told and "too few verdicts" in told
    assert execute(["learn", "--ledger", path, "--out", str(text), "--json"]) == 0
    assert json.loads(text.read_text("utf-8")) == json.loads(capsys.readouterr().out)
    assert set(pd.read_csv(csv, encoding="utf-8-sig")["table"]) >= {"by_level", "by_class", "calibration", "closure"}
    first = csv.read_bytes()
    assert execute(["learn", "--ledger", path, "--out", str(csv)]) == 2 and "E-LEARN-002" in capsys.readouterr().err
    assert execute(["learn", "--ledger", path, "--out", str(csv), "--replace"]) == 0 and csv.read_bytes() == first
    assert execute(["learn", "--ledger", path, "--out", str(tmp_path / "v.docx")]) == 2
    assert (
        execute(["learn", "--ledger", str(tmp_path / "none.sqlite")]) == 2 and not (tmp_path / "none.sqlite").exists()
    )


def test_an_empty_ledger_says_nothing_and_does_not_fail(tmp_path):
    with open_ledger(tmp_path / "empty.sqlite") as ledger:
        found = learned(ledger)
    assert found["totals"]["warnings"] == 0 and found["by_level"] == [] and found["totals"]["unjudged_share"] is None
    assert json.loads(json.dumps(found, allow_nan=False))["thresholds"][0]["status"] == "too few verdicts"
