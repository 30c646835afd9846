"""When a rise becomes a warning: the levels, the family of tests, and what chance alone would light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...params import param
from ..significance import recurrence_interval
from .evidence import COMBINATIONS

LEVELS = ("blue", "yellow", "orange", "red")
"""From the least to the most urgent; the position is the level's number."""


@dataclass(frozen=True)
class WarningRules:
    """The four levels, their hysteresis and the alarm budget. Recurrence is over the whole city and family of tests."""

    blue_days: float = param(
        30.0,
        "Recurrence interval from which a rise is noted (blue).",
        unit="days",
        low=1,
        zh="蓝色重现期",
        help_zh="全市碰巧出现同样上升的间隔达到此值时记为蓝色(知悉)。",
    )
    yellow_days: float = param(
        90.0,
        "Recurrence interval of yellow.",
        unit="days",
        low=1,
        zh="黄色重现期",
        help_zh="达到此重现期时为黄色(关注)。",
    )
    orange_days: float = param(
        365.0,
        "Recurrence interval of orange.",
        unit="days",
        low=1,
        zh="橙色重现期",
        help_zh="达到此重现期时为橙色(今日核查)。",
    )
    red_days: float = param(
        1825.0,
        "Recurrence interval of red.",
        unit="days",
        low=1,
        zh="红色重现期",
        help_zh="达到此重现期时为红色(立即核查)。",
    )
    blue_excess: float = param(
        3.0,
        "Incidents above expectation that blue and yellow need.",
        low=1,
        zh="蓝黄最少超出件数",
        help_zh="蓝色与黄色至少须比平时多出的件数。",
    )
    orange_excess: float = param(
        5.0,
        "Incidents above expectation that orange needs.",
        low=1,
        zh="橙色最少超出件数",
        help_zh="橙色至少须比平时多出的件数。",
    )
    red_excess: float = param(
        8.0,
        "Incidents above expectation that red needs.",
        low=1,
        zh="红色最少超出件数",
        help_zh="红色至少须比平时多出的件数。",
    )
    yellow_ratio: float = param(
        1.5,
        "Observed over expected that yellow needs.",
        low=1,
        zh="黄色最小倍数",
        help_zh="黄色至少须达到平时件数的倍数。",
    )
    orange_ratio: float = param(
        2.0,
        "Observed over expected that orange and red need.",
        low=1,
        zh="橙红最小倍数",
        help_zh="橙色与红色至少须达到平时件数的倍数。",
    )
    persistence: int = param(
        3,
        "Steps after which a lasting yellow becomes orange.",
        unit="bins",
        low=1,
        advanced=True,
        zh="持续升级步数",
        help_zh="黄色持续这么多步后升为橙色。",
    )
    quiet_steps: int = param(
        2,
        "Quiet steps before a level goes down or a warning ends.",
        unit="bins",
        low=0,
        zh="降级静默步数",
        help_zh="级别下降或预警结束前须静默的步数。",
    )
    city_per_day: int = param(
        5,
        "Orange and red warnings a day in the whole city; red is never cut.",
        low=0,
        zh="全市每日上限",
        help_zh="全市每日橙色与红色预警的上限;红色从不删减。",
    )
    street_per_week: int = param(
        1,
        "Orange and red warnings a week in one street; red is never cut.",
        low=0,
        zh="每街道每周上限",
        help_zh="每个街道每周橙色与红色预警的上限;红色从不删减。",
    )
    replay: int = param(
        28,
        "Bins replayed so that a warning keeps its identity without a ledger.",
        unit="bins",
        low=1,
        high=400,
        advanced=True,
        zh="回放步数",
        help_zh="没有台账时,为保持预警编号不变而回放的步数。",
    )
    min_weeks: float = param(
        8.0,
        "Weeks of history below which there is a map and no orange or red.",
        unit="weeks",
        low=0,
        zh="最少历史周数",
        help_zh="历史短于此周数时只出地图,不发橙色与红色。",
    )
    models: str = param(
        "nb_predictive",
        "Models whose tails make warnings, with their shares, e.g. nb_predictive=0.9,nb_cusum=0.1.",
        advanced=True,
        zh="参与预警的模型及其份额",
        help_zh="参与预警的模型及份额,如 nb_predictive=0.9,nb_cusum=0.1。",
    )
    combination: str = param(
        "bonferroni",
        "How several models' tails become one: bonferroni holds however they depend, cauchy far out however they "
        "depend, fisher only where they are independent.",
        choices=COMBINATIONS,
        advanced=True,
        zh="多模型合并方式(bonferroni任意相关;cauchy任意相关且仅远尾;fisher仅独立)",
        help_zh=(
            "多个模型的判断如何合并:bonferroni 不论其间如何相关均成立,cauchy 仅远尾成立,fisher 仅相互独立时成立。"
        ),
    )
    source_tail: float = param(
        0.05,
        "Chance, from its own past, below which so many reports of one source count as a rise of that source.",
        low=1e-6,
        high=0.5,
        advanced=True,
        zh="单一来源上升的判定概率",
        help_zh="某一来源的件数按其自身历史碰巧出现的概率低于此值时,算作该来源上升。",
    )
    line: str = param(
        "default",
        "Name of the surveillance line; part of every warning's identity.",
        advanced=True,
        zh="监测线名称",
        help_zh="监测线的名称,是每条预警编号的组成部分。",
    )

    def level_of(self, recurrence: float, observed: float, expected: float) -> int:
        """Number of the level these figures reach in `LEVELS`, -1 for none, before persistence and sources."""
        excess, ratio = observed - expected, observed / max(expected, 1e-9)
        steps = (
            (self.red_days, self.red_excess, self.orange_ratio),
            (self.orange_days, self.orange_excess, self.orange_ratio),
            (self.yellow_days, self.blue_excess, self.yellow_ratio),
            (self.blue_days, self.blue_excess, 1.0),
        )
        for down, (days, least, times) in enumerate(steps):
            if recurrence >= days and excess >= least and ratio >= times:
                return len(LEVELS) - 1 - down
        return -1


def family_recurrence(
    log_p: np.ndarray, expected: np.ndarray, family: np.ndarray, n_levels: int, bin_days: float
) -> np.ndarray:
    """Recurrence interval in days of each test for the whole city and the whole family of one bin.

    Weighted Šidák (Genovese, Roeder & Wasserman 2006): every unit level has an equal share of the family, and
    within a level a test's share is its expected count over *family*, the level's sum of expected counts.
    All arguments are arrays of one shape; tails are natural logarithms.
    """
    weight = np.asarray(expected, float) / np.maximum(np.asarray(family, float), 1e-12) / max(n_levels, 1)
    return recurrence_interval(log_p, np.clip(weight, 1e-15, 1.0), bin_days)


def expected_false(rules: WarningRules, per_days: float = 100.0) -> pd.Series:
    """What the recurrence intervals by themselves foretell of each level in *per_days* days, before any budget cut.

    A level's own share: what reaches it and not the next one. Excess, ratio, persistence and sources, which thin red
    and orange out and lift a lasting yellow, play no part; `bound_per_week` allows for them.
    """
    days = [rules.blue_days, rules.yellow_days, rules.orange_days, rules.red_days, np.inf]
    return pd.Series({level: per_days / days[i] - per_days / days[i + 1] for i, level in enumerate(LEVELS)})


def bound_per_week(rules: WarningRules) -> pd.Series:
    """The most warnings of each level a week that chance alone lights, as far as every tail holds; before any cut.

    No level's share is taken off for the next one, since a red that nothing confirms is issued as orange; and of the
    bins in which chance reaches yellow every `persistence`-th may lift one to orange.
    """
    lasting = 7.0 / (rules.yellow_days * rules.persistence)
    return pd.Series(
        {
            "blue": 7.0 / rules.blue_days,
            "yellow": 7.0 / rules.yellow_days,
            "orange": 7.0 / rules.orange_days + lasting,
            "red": 7.0 / rules.red_days,
        }
    )
