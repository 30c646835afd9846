"""The map through time: what is played is what was counted, on one scale."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from briefing_town import make_town, write
from gridbeacon.layers.briefing import history as histories
from gridbeacon.layers.briefing.history import History, make_history
from test_briefing_shapes import unpack, unstep
from visits import Visit

FINEST = "(() => { const l = GB.stack[GB.stack.length - 1]; return [l.ids, [...l.time.n]]; })()"
DAYS = pd.date_range("2025-01-01", periods=40)


def make_table(seed=0):
    town = make_town(lambda value: value)
    finest = town[(town["role"] == "territorial") & (town["unit_level"] == town["unit_level"].max())]
    rng = np.random.default_rng(seed)
    counts = rng.poisson(0.3, (len(DAYS), len(finest)))
    step, unit = np.nonzero(counts)
    table = pd.DataFrame({"cell_id": finest["cell_id"].to_numpy()[unit], "step": step, "incidents": counts[step, unit]})
    valid = np.ones(len(DAYS), bool)
    valid[30] = False
    return History(DAYS.to_numpy(), valid, table.sample(frac=1, random_state=0)), counts, list(finest["cell_id"])


def test_what_was_put_in_comes_out():
    history, counts, ids = make_table()
    packed = make_history(history, ids)
    step = np.repeat(np.arange(len(DAYS)), unpack(packed["n"]))
    found = np.zeros_like(counts)
    found[step, unstep(unpack(packed["c"]))] = unpack(packed["k"])
    assert (found == counts).all() and packed["v"].count(False) == 1 and packed["t"][0] == "2025-01-01T00:00"


def test_too_many_entries_leave_out_the_oldest_days(monkeypatch):
    history, counts, ids = make_table()
    monkeypatch.setattr(histories, "MOST_ENTRIES", 50)
    packed = make_history(history, ids)
    kept = len(packed["t"])
    assert 0 < kept < len(DAYS) and unpack(packed["n"]).sum() <= 50
    assert unpack(packed["k"]).sum() == counts[-kept:].sum()


@pytest.mark.chromium
def test_every_step_shows_the_sum_of_its_last_seven_days(browser, tmp_path):
    history, counts, ids = make_table()
    visit = Visit(browser, write(tmp_path / "a.html", history=history))
    visit.page.click("#states button:nth-child(4)")
    for step in (0, 5, 6, 7, 20, 21, 39, 3):
        visit.page.evaluate(f"GB.showStep({step})")
        level = visit.page.evaluate(FINEST)
        usual = counts[max(step - 6, 0) : step + 1].sum(axis=0)
        assert dict(zip(*level, strict=True)) == dict(zip(ids, usual.tolist(), strict=True))
        whole = visit.page.evaluate("[...GB.stack[0].time.n]")
        assert whole == [usual.sum()]
    visit.page.evaluate("GB.showStep(30)")
    assert set(visit.page.evaluate("[...GB.stack[GB.opening].time.k]")) == {-1}, "a day without data is grey"
    visit.calm()


@pytest.mark.chromium
def test_the_scale_stands_still_and_keys_move_the_hand(browser, tmp_path):
    history, _, _ = make_table()
    visit = Visit(browser, write(tmp_path / "a.html", history=history))
    page = visit.page
    page.click("#states button:nth-child(4)")
    words = "(() => GB.classes().map((c) => c.zh))()"
    page.evaluate("GB.showStep(3)")
    first = page.evaluate(words)
    page.focus("#bars")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("GB.past.at") == 4 and page.evaluate(words) == first
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("GB.past.at") == 0
    page.click("#play")
    page.wait_for_timeout(2500)
    assert page.evaluate("GB.past.at") > 2
    page.click("#play")
    page.wait_for_timeout(500)
    at = page.evaluate("GB.past.at")
    page.wait_for_timeout(700)
    assert page.evaluate("GB.past.at") == at, "paused"
    page.click("#bars span:nth-child(11)")
    assert page.evaluate("GB.past.at") == 10
    assert page.get_attribute("#bars", "aria-valuenow") == "10"
    page.click("#states button:nth-child(1)")
    assert page.is_hidden("#play") and page.get_attribute("#bars", "role") is None
    visit.calm()
