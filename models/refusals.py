"""What models refuse beyond the bounds of single settings: code, English, Chinese, what to do in both."""

from __future__ import annotations

from typing import Any

from ..errors import InputError, refusals

REFUSALS = refusals(
    {
        "E-SET-002": (
            "min_years {least} is more than years {years}",
            "min_years为{least},大于years的{years}",
            "Ask for no more years than are used; the defaults are 2 and 5.",
            "要求的年数不应多于所用年数;默认为2和5。",
        ),
        "E-SET-003": (
            "step_days must be whole {bin}s, not {step_days}",
            "step_days应为整数个时段({bin}),不能是{step_days}",
            "With weekly bins give a multiple of 7.",
            "按周计时取7的倍数。",
        ),
        "E-SET-004": (
            "share must be above 0 and at most 1",
            "share应大于0且不大于1",
            "The default is 0.8.",
            "默认为0.8。",
        ),
        "E-SET-005": (
            "replicates must be at least 0",
            "replicates应不小于0",
            "The default is 999.",
            "默认为999。",
        ),
        "E-SET-006": (
            "{name} must be upper ends of bands, rising, at least {least:g}",
            "{name}应为由小到大的各段上限,不小于{least:g}",
            "For example 0, 100, 200 metres and 7, 14 days.",
            "例如0、100、200米和7、14天。",
        ),
        "E-SET-007": (
            "distance must be above 0, days at least 0 and min_points at least 1",
            "distance应大于0,days应不小于0,min_points应不小于1",
            "For example 200 m, 7 days, 5 points.",
            "例如200米、7天、5个点。",
        ),
        "E-SET-008": (
            "level {level} is below the streets (level {street_level}): disputes are described at street level "
            "or above",
            "第{level}级低于街道(第{street_level}级):纠纷只在街道及以上层级描述",
            "Choose level {street_level} or a coarser one.",
            "选第{street_level}级或更粗的层级。",
        ),
        "E-SET-009": (
            "{text!r} is no model with a share",
            "{text!r}不是“模型=份额”",
            "Write nb_predictive=0.9,nb_cusum=0.1.",
            "写作 nb_predictive=0.9,nb_cusum=0.1。",
        ),
        "E-SET-010": (
            "these may not make warnings: {names}",
            "以下模型不能用于预警:{names}",
            "nb_predictive is needed, shares are above 0, and beside it there may be: {known}.",
            "须包含nb_predictive,份额大于0,另可选:{known}。",
        ),
        "E-MODEL-001": (
            "the lunar calendar of {year} is not known",
            "没有{year}年的农历资料",
            "Years from {first} to {last} are.",
            "有资料的年份为{first}至{last}。",
        ),
        "E-MODEL-002": (
            "lunar year {year} has no {name}",
            "农历{year}年没有{name}",
            "Months have 29 or 30 days; few years have a leap.",
            "农历月有29或30天;有闰月的年份不多。",
        ),
        "E-MODEL-003": (
            "points must be (n, 2) finite coordinates in metres",
            "点应为(n, 2)的有限坐标,单位米",
            "Leave out rows without coordinates, and project the others.",
            "去掉没有坐标的行,其余投影到平面。",
        ),
        "E-MODEL-004": (
            "there must be one time for each of {n} points, none missing",
            "{n}个点须各有一个时间,不得缺失",
            "Leave out rows without a time.",
            "去掉没有时间的行。",
        ),
        "E-MODEL-005": (
            "HDBSCAN takes at most {most} points, not {n}",
            "HDBSCAN最多处理{most}个点,现有{n}个",
            "Choose one class or a shorter period, or use dbscan.",
            "改选一个类别或更短的时段,或使用dbscan。",
        ),
        "E-MODEL-006": (
            "counts must be at least one number of at least 0",
            "计数应至少有一个,且不小于0",
            "Give one per cell.",
            "每个网格给一个。",
        ),
        "E-MODEL-007": (
            "both classes must be counted on the same bins and units, and max_lag be at least 1",
            "两个类别须按相同的时段和单元计数,max_lag应不小于1",
            "Give two arrays (n_times, n_units).",
            "给出两个(n_times, n_units)的数组。",
        ),
        "E-MODEL-008": (
            "the cells carry no lengths of shared borders",
            "网格没有公共边界长度",
            "Read or make the cells anew, or choose queen.",
            "重新读取或生成网格,或选择queen。",
        ),
        "E-MODEL-009": (
            "ellipses need places in the plane",
            "椭圆窗口需要平面坐标",
            "Give x and y in metres.",
            "给出以米为单位的x和y。",
        ),
        "E-MODEL-010": (
            "there are more than five million connected sets",
            "相连的网格组合超过五百万个",
            "Lower max_sites, now {max_sites}.",
            "减小max_sites,现为{max_sites}。",
        ),
        "E-MODEL-011": (
            "a latitude is beyond 90 degrees",
            "有纬度超过90度",
            "Give longitude first, then latitude.",
            "先经度,后纬度。",
        ),
        "E-MODEL-012": (
            "the zones have more than {most:,} members, which would not fit in memory",
            "扫描窗口的成员超过{most:,}个,内存放不下",
            "Lower the largest number of cells of a zone, its share or its radius.",
            "减小窗口的最多网格数、占比或半径。",
        ),
    }
)


def refusal(code: str, *, where: str, **facts: Any) -> InputError:
    """The error for what the user can correct; *facts* fill the words in braces."""
    return REFUSALS[code].error(InputError, where, facts)
