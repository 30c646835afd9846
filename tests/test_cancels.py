"""Runs cancelled at random moments, through Processing and through the dock: gone within two seconds, nothing left."""

from __future__ import annotations

import pytest
from cancels import WAYS, figures, moments
from desk import Desk

RIDDANCE = 2.0
FEW, SPAN = 10, 3.0
"""Cancels of each way, and the seconds within which they fall; `make evidence` makes 200 over a whole run."""


@pytest.mark.qgis
@pytest.mark.parametrize("way", WAYS)
def test_cancels_leave_nothing(way, tmp_path, require, root):
    desk = Desk(tmp_path / "张三 文档", require("qgis")).put_plugin(root)
    told = figures([WAYS[way](desk, moments(FEW, seed=7, span=SPAN), tmp_path / "work")])
    assert told["at_work"] >= FEW // 2, "the engine was at work when most of them came"
    assert told["worst"] < RIDDANCE, told
    nothing = {name: told[name] for name in ("strays", "layers", "left", "other", "finished")}
    assert nothing == dict.fromkeys(nothing, 0), told


def test_the_figures_tell_a_stray_and_a_slow_end():
    """The counting itself can fail."""
    cancel = {"ending": ["cancelled"], "gone": 0.5, "seen": 1, "left": [], "layers": 0}
    told = [
        {"cancels": [cancel, {**cancel, "left": ["123"], "gone": 3.0, "layers": 2}], "left_runs": ["half"]},
        {
            "cancels": [{**cancel, "ending": ["finished"]}, {**cancel, "ending": []}],
            "left_runs": [],
            "left_work": ["x"],
        },
    ]
    assert figures(told) == {
        **{"cancels": 4, "finished": 1, "other": 1, "at_work": 2, "median": 1.75, "worst": 3.0},
        **{"strays": 1, "layers": 2, "left": 2},
    }
