"""What is put into the city for a drill."""

from __future__ import annotations

from dataclasses import dataclass

from ...params import param

PLACES = ("city", "street", "cell")
"""Kinds of place a surge may have, the widest first."""


@dataclass(frozen=True)
class DrillSettings:
    """The population of surges of a drill.

    Of every strength and kind of place, `cases` surges. Each takes the class and the unit of an incident drawn at
    random from the year before, so that busy classes and places have more of them, as they have of everything.
    """

    strength: tuple[float, ...] = param(
        (3.0, 6.0, 10.0),
        "Sizes of a surge: deviations (sd) of the unit's own daily counts of the class, at least as many incidents.",
        low=1.0,
        high=100.0,
        zh="突增强度(本单位日件数标准差的倍数,且不少于同样件数)",
    )
    where: tuple[str, ...] = param(PLACES, "Kinds of place: city, street, cell.", choices=PLACES, zh="突增范围")
    spans: tuple[int, ...] = param(
        (1, 3, 7), "Days a surge is spread over; drawn for each.", unit="days", low=1, high=28, zh="突增天数"
    )
    cases: int = param(12, "Surges of each strength and kind of place.", low=1, high=1000, zh="每种组合的演练次数")
    stretch: int = param(
        182, "Days at the end of the data that surges are put into.", unit="days", low=28, high=1500, zh="演练时段"
    )
    random_state: int = param(0, "Seed of the surges.", low=0, advanced=True, zh="随机种子")
