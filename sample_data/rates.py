"""How many incidents a normal day brings, of which class, in which cell and at which hour."""

from __future__ import annotations

import numpy as np

from .draws import Draws
from .ground import CENTRE, Ground
from .words import LEAVES, SHARES

FIRST_DAY = np.datetime64("2024-01-01")
N_DAYS = 731  # two years, 2024-01-01 .. 2025-12-31
PER_DAY = 82.5  # incidents of the whole city before anything is planted

SPRING_FESTIVALS = ("2024-02-10", "2025-01-29")
MID_AUTUMN = ("2024-09-17", "2025-10-06")
NATIONAL_DAYS = (("2024-10-01", "2024-10-07"), ("2025-10-01", "2025-10-08"))
LABOUR_DAYS = (("2024-05-01", "2024-05-05"), ("2025-05-01", "2025-05-05"))
WORKED_WEEKENDS = (
    "2024-02-04", "2024-02-18", "2024-04-07", "2024-04-28", "2024-05-11", "2024-09-14", "2024-09-29", "2024-10-12",
    "2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11",
)  # fmt: skip
OUTAGE = ("2025-03-18", "2025-03-19")
OUTAGE_SHARE = 0.06

WEEK = {  # Monday .. Sunday
    "": (1.06, 1.03, 1.01, 1.00, 1.03, 0.94, 0.90),
    "市容环卫": (1.10, 1.08, 1.06, 1.06, 1.08, 0.86, 0.76),
    "噪声": (0.93, 0.92, 0.93, 0.95, 1.05, 1.16, 1.10),
    "事故": (1.05, 0.98, 0.97, 0.98, 1.12, 1.00, 0.88),
}
HOURS = {  # 24 weights each
    "": (1, 1, 1, 1, 1, 2, 4, 8, 14, 16, 14, 11, 8, 10, 13, 13, 12, 10, 8, 7, 6, 4, 3, 2),
    "市容环卫": (0, 0, 0, 0, 0, 1, 5, 12, 18, 18, 15, 9, 4, 9, 16, 17, 13, 8, 4, 3, 2, 1, 0, 0),
    "噪声": (9, 7, 5, 3, 2, 3, 6, 6, 6, 6, 5, 4, 6, 6, 5, 5, 5, 6, 8, 12, 16, 18, 17, 13),
    "交通出行": (1, 1, 1, 1, 1, 2, 6, 16, 17, 11, 9, 8, 8, 8, 9, 10, 13, 17, 15, 9, 6, 4, 3, 2),
    "治安消防": (3, 3, 2, 2, 2, 2, 4, 7, 9, 9, 9, 8, 7, 7, 8, 9, 9, 10, 10, 9, 8, 7, 6, 4),
}
CENTRAL = {"商业噪声", "占道", "停车", "共享单车", "油烟扰民", "盗窃", "消费", "食品", "事故"}
OUTER = {"扬尘", "露天焚烧", "建筑垃圾", "路面破损", "乱堆物料", "违法搭建", "流浪犬"}


def day_of(date: str) -> int:
    """Number of a local date, 0 = 2024-01-01."""
    return int((np.datetime64(date) - FIRST_DAY).astype(int))


def date_of(day: int) -> str:
    """The local date of a day number."""
    return str(FIRST_DAY + np.timedelta64(int(day), "D"))


def finest(table: dict[str, tuple], leaf: tuple[str, str, str]) -> tuple:
    """The entry of the finest class that is listed: matter, minor class, major class, any."""
    return next(table[name] for name in (*leaf[::-1], "") if name in table)


def _season(leaf: tuple[str, str, str]) -> np.ndarray:
    """(N_DAYS,) slow factor of the year."""
    day = np.arange(N_DAYS)
    of_year = np.where(day < 366, day, day - 366).astype(float)
    wave = np.cos(2 * np.pi * (of_year - 205) / 365.25)  # 1 in late July, -1 in late January
    if "供热" in leaf:
        cold = (of_year < 74) | (of_year >= 319)
        return np.where(cold, 1.35 - 0.5 * (wave + 1), 0.015)
    size = 0.45 if {"排水", "供电"} & set(leaf) else 0.2 if "生态环境" in leaf else 0.05
    return 1 + size * wave


def _festivals(leaf: tuple[str, str, str]) -> np.ndarray:
    """(N_DAYS,) factor of holidays, in which some classes fall and a few rise."""
    out = np.ones(N_DAYS)
    for festival in SPRING_FESTIVALS:
        first = day_of(festival)
        dip = np.array([0.85, 0.7, 0.55, 0.42, 0.36, 0.36, 0.38, 0.42, 0.46, 0.52, 0.6, 0.72, 0.85])
        out[first - 4 : first + 9] = dip if "供热" not in leaf else 0.9
        if leaf[2] in ("社会生活噪声", "火灾报警"):
            out[first - 1 : first + 1] = 4.5  # fireworks on the eve
    for start, end in (*NATIONAL_DAYS, *LABOUR_DAYS):
        rise = {"交通拥堵": 3.0, "违规停车": 1.7, "停车收费": 1.8, "剐蹭事故": 1.3}.get(leaf[2], 0.72)
        out[day_of(start) : day_of(end) + 1] = rise
    for date in MID_AUTUMN:
        if leaf[2] in ("社会生活噪声", "商业噪声"):
            out[day_of(date)] = 5.5 if leaf[2] == "社会生活噪声" else 2.4
    return out


def daily_means() -> np.ndarray:
    """(60, N_DAYS) expected incidents of each matter on each day."""
    weekday = (np.arange(N_DAYS)) % 7  # 2024-01-01 is a Monday
    weekday[[day_of(date) for date in WORKED_WEEKENDS]] = 0
    level = np.ones(N_DAYS)
    for date in OUTAGE:
        level[day_of(date)] = OUTAGE_SHARE
    means = np.empty((len(LEAVES), N_DAYS))
    for i, leaf in enumerate(LEAVES):
        season = _season(leaf)
        shape = season / season.mean() * np.array(finest(WEEK, leaf))[weekday] * _festivals(leaf)
        means[i] = PER_DAY * SHARES[i] / sum(SHARES) * shape * level
    return means


def daily_counts(draws: Draws) -> np.ndarray:
    """(60, N_DAYS) whole numbers: negative binomial by class, with swings shared by a major class and by the city."""
    majors = sorted({leaf[0] for leaf in LEAVES})
    of_major = [majors.index(leaf[0]) for leaf in LEAVES]
    swing = (
        draws.gamma(90, N_DAYS) * draws.gamma(45, len(majors), N_DAYS)[of_major] * draws.gamma(9, len(LEAVES), N_DAYS)
    )
    return draws.poisson(daily_means() * swing)


def cell_weights(ground: Ground, draws: Draws) -> np.ndarray:
    """(60, n_territorial) share of each cell in each matter, before hot spots."""
    n = ground.n_territorial
    reach = np.hypot(*(ground.centres[:n] - CENTRE).T)
    middle = np.exp(-((reach / 3200) ** 2))
    base = (ground.population[:n] + 60.0) ** 0.7 * draws.gamma(9, n)
    weights = np.empty((len(LEAVES), n))
    for i, leaf in enumerate(LEAVES):
        shape = 0.35 + 1.9 * middle if CENTRAL & set(leaf) else 1.3 - middle if OUTER & set(leaf) else 1.0
        weights[i] = base * shape * draws.gamma(12, n)
    return weights / weights.sum(axis=1, keepdims=True)


def minutes(leaves: np.ndarray, draws: Draws) -> np.ndarray:
    """(n,) minute of the day for incidents of the given matters."""
    u, out = draws.uniform(len(leaves)), np.zeros(len(leaves), dtype=np.int64)
    for i, leaf in enumerate(LEAVES):
        mine = leaves == i
        steps = np.cumsum(np.array(finest(HOURS, leaf), dtype=float))
        out[mine] = np.searchsorted(steps, u[mine] * steps[-1], side="right") * 60
    return out + draws.whole(len(leaves), 60)
