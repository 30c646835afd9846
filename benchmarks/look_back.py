"""How far comparisons, re-complaints and the alarm of reports can be believed: `python benchmarks/look_back.py`.

With --write it writes docs/benchmarks/look-back.md. Simulated series, whose truth is known, and real ones of Tainan
where the shared data are present: weeks taken in turn for two periods that cannot differ but by chance.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from gridbeacon.models.comparison import block_dispersion, exact_ratios, expected_fall
from gridbeacon.models.reporting_shift import reporting_shift
from gridbeacon.pipeline import Plan
from gridbeacon.pipeline.preparation import Inputs, prepare

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data" / "tainan1999"
DOCS = ROOT / "docs" / "benchmarks" / "look-back.md"


def coverage() -> list[tuple]:
    """Share of 95 % intervals that hold the true ratio, by the learned dispersion and as if counts were Poisson."""
    rows = []
    for mean, size, units, ratio in [
        (100, 5, 1, 1.0), (20, 5, 1, 0.8), (20, 5, 18, 0.8), (5, 2, 18, 1.0), (2, 1, 18, 1.0), (1, 1, 90, 1.2),
        (0.3, 0.5, 90, 1.0), (20, 0, 18, 1.0),
    ]:  # fmt: skip
        rng, hits, plain, tries = np.random.default_rng(7), 0, 0, 3000 if units == 1 else 300
        draw = _drawing(rng, size, units)
        for _ in range(tries):
            past, before, now = draw(mean, 24), draw(mean, 1)[0], draw(mean * ratio, 1)[0]
            spread = block_dispersion(past, np.full(24, 28.0))
            for kind, dispersion in (("learned", spread.widened()), ("poisson", 1.0)):
                found = exact_ratios(now, before, 1, 1, dispersion)
                inside = int(((found.low <= ratio) & (ratio <= found.high)).sum())
                hits, plain = hits + inside * (kind == "learned"), plain + inside * (kind == "poisson")
        true = 1 + mean / size if size else 1.0
        rows.append((mean, f"{true:.1f}", units, ratio, hits / tries / units, plain / tries / units))
    return rows


def _drawing(rng: np.random.Generator, size: float, units: int) -> Callable[[float, int], np.ndarray]:
    def draw(mean: float, blocks: int) -> np.ndarray:
        shape = (blocks, 28, units)
        days = rng.negative_binomial(size, size / (size + mean), shape) if size else rng.poisson(mean, shape)
        return days.sum(axis=1)

    return draw


def placebo() -> list[tuple] | None:
    """Tainan: of every eight weeks the odd against the even ones, by class at the city and in its 37 towns."""
    if not DATA.is_dir():
        return None
    ready = _tainan()
    counts, valid = ready.counts, ready.valid
    n_weeks = len(valid) // 7
    whole = valid[-n_weeks * 7 :].reshape(n_weeks, 7).all(axis=1)
    top = sorted({str(name).split("/")[0] for name in counts.table["category"].unique()})
    rows = []
    for level, label in ((0, "city"), (1, "37 towns")):
        for how, split in (("odd and even weeks", (0, 8, 2, 1)), ("four weeks and the next", (0, 4, 1, 4))):
            tally = np.zeros((2, 2))
            for node in ["全部", *top]:
                days = counts.cube(node, level).counts[-n_weeks * 7 :]
                tally += _halves(days.reshape(n_weeks, 7, -1).sum(axis=1), whole, split)
            rows.append((label, how, int(tally[0, 1]), *(tally[:, 0] / tally[:, 1])))
    return rows


def _halves(weeks: np.ndarray, whole: np.ndarray, split: tuple[int, int, int, int]) -> np.ndarray:
    """((inside, tried) by learned dispersion, the same as Poisson) over stretches of eight whole weeks.

    split : first and end of one half, its step, and how far the other half lies behind it.
    """
    begin, end, step, behind = split
    tally = np.zeros((2, 2))
    for first in range(0, len(weeks) - 7, 8):
        if not whole[first : first + 8].all():
            continue
        half = np.arange(begin, end, step) + first
        now, before = weeks[half].sum(axis=0), weeks[half + behind].sum(axis=0)
        kept = whole.copy()
        kept[first : first + 8] = False
        n = len(weeks) // 4
        blocks = (weeks * kept[:, None])[-n * 4 :].reshape(n, 4, -1).sum(axis=1)
        exposure = kept[-n * 4 :].reshape(n, 4).sum(axis=1) * 7.0
        spread = block_dispersion(blocks, np.where(exposure >= 14, exposure, 0.0))
        some = now + before > 0
        for i, dispersion in enumerate((spread.widened(), np.ones(len(now)))):
            found = exact_ratios(now[some], before[some], 1, 1, dispersion[some])
            tally[i] += ((found.low <= 1) & (found.high >= 1)).sum(), some.sum()
    return tally


def _tainan():  # type: ignore[no-untyped-def]
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        rows = pd.read_parquet(DATA / "incidents.parquet").rename(columns={"received_at": "time"})
        path = Path(folder) / "calls.parquet"
        rows.to_parquet(path)
        cells = next(DATA.glob("villages_cunli*"))
        given = {"time": "time", "category": "category", "id": "case_id", "lon": "lon", "lat": "lat"}
        plan = Plan().with_settings({"timezone": "Asia/Taipei", "calendar": "tw"})
        return prepare(plan, Inputs((str(path),), str(cells), given), lambda fraction, text: None)


def regression() -> list[tuple]:
    """The tenth of 400 places with most incidents: what they fall without any action, and what was foretold."""
    rows = []
    for spread in (0.0, 0.2, 0.5):
        rng, seen, due = np.random.default_rng(9), [], []
        for _ in range(200):
            usual = rng.gamma(4, 3, 400)
            level = usual * (rng.gamma(1 / spread**2, spread**2, 400) if spread else 1.0)
            before, after = rng.poisson(level), rng.poisson(level)
            picked = np.argsort(-(before / usual))[:40]
            seen.append(after[picked].sum() / before[picked].sum() - 1)
            fall = expected_fall(before, usual, 1.0)[picked]
            due.append(np.nansum(fall * before[picked]) / before[picked].sum())
        rows.append((spread, np.mean(seen), np.mean(due)))
    return rows


def alarms() -> list[tuple]:
    """Of 20,000 places without a change and 2,000 with one: alarms of reports."""
    rows = []
    for excess in (1.0, 2.0, 4.0):
        rng = np.random.default_rng(11)
        draw = lambda mean, n, rng=rng, excess=excess: (  # noqa: E731
            rng.poisson(mean, n) if excess == 1 else rng.negative_binomial(mean / (excess - 1), 1 / excess, n)
        )
        shares = []
        for fall, rise, n in ((1.0, 1.0, 20000), (0.25, 1.0, 2000), (1.0, 1.6, 2000), (0.25, 1.6, 2000)):
            reported, calls = (draw(40 * fall, n), draw(40, n)), (draw(80 * rise, n), draw(80, n))
            totals = tuple(a + b for a, b in zip(reported, calls, strict=True))
            shares.append(reporting_shift(reported, calls, totals, dispersion=(excess, excess)).alarm.mean())
        rows.append((excess, *shares))
    return rows


def _table(head: str, rows: list[str]) -> list[str]:
    return [f"| {head} |", "|" + "---|" * (head.count("|") + 1), *(f"| {row} |" for row in rows)]


def main() -> None:
    """Measure and write the page."""
    lines = ["# Looking back: how far it can be believed\n", "Made by `python benchmarks/look_back.py`.\n"]
    lines += ["## Intervals of two periods\n"]
    lines += [
        "28 days against 28 days, dispersion learned from 24 blocks before them; share of 95 % intervals that hold"
    ]
    lines += ["the true ratio.\n"]
    head = "a day | variance/mean | units | true ratio | learned dispersion | as if Poisson"
    lines += _table(head, [f"{m} | {s} | {u} | {r} | {a:.1%} | {b:.1%}" for m, s, u, r, a, b in coverage()])
    found = placebo()
    if found:
        lines += ["\n## Tainan: eight weeks against themselves\n"]
        lines += [
            "Every eight complete weeks of 2015-04 to 2019-08, all classes; share of 95 % intervals that hold 1. Odd"
        ]
        lines += [
            "and even weeks differ by chance only; four weeks and the next four differ by what ordinarily changes.\n"
        ]
        head = "units | compared | comparisons | learned dispersion | as if Poisson"
        lines += _table(head, [f"{label} | {how} | {n:,} | {a:.1%} | {b:.1%}" for label, how, n, a, b in found])
    lines += ["\n## Places picked because they were high\n"]
    lines += ["The tenth of 400 with the highest count over their usual one; mean of 200.\n"]
    head = "how much levels really differ | they fall by | foretold"
    lines += _table(head, [f"{s:.0%} | {-a:.1%} | {-b:.1%}" for s, a, b in regression()])
    lines += ["\n## The alarm of reports\n", "40 reports and 80 calls before; share of places with an alarm.\n"]
    head = "variance/mean | nothing changed | reports fall to a quarter | calls rise by 60 % | both"
    lines += _table(head, [f"{e:g} | {n:.2%} | {f:.2%} | {c:.2%} | {b:.1%}" for e, n, f, c, b in alarms()])
    if "--write" in sys.argv:
        DOCS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
