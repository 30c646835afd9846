"""What someone should know before acting on a warning, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from ..cube import ALL_CLASSES
from .preparation import Prepared

if TYPE_CHECKING:
    from .wording import Raised

Pair = tuple[str, str]
"""One sentence in Chinese and in English."""

_COMPLETE = 0.95  # share reported below which a bin is told to be incomplete
_RECENT = 7  # bins looked at for outages


def caveats_of(ready: Prepared, row: Raised, own: pd.DataFrame) -> list[Pair]:
    """Caveats of a warning with the member incidents *own*: sources, places, lateness, calendar, outages, classes."""
    return [
        *_of_sources(row),
        *(_of_places(own) if len(own) else ()),
        *_of_time(ready, row),
        *_of_classes(ready, row),
        *_of_division(ready, row),
    ]


def _of_sources(row: Raised) -> Iterator[Pair]:
    if row.one_source:
        yield (
            "通常多渠道反映,此次仅一个渠道上升,最高为黄色",
            "usually told by several sources, this time only one is up: yellow at most",
        )
    if row.awaiting_second:
        yield (
            "达到红色数值,待第二来源、第二个时段或人工确认",
            "red by its figures, waits for a second source, a second period or a person to confirm it",
        )
    elif row.needs_confirmation:
        yield "红色,请人工核实确认", "red: a person is asked to confirm it"


def _of_places(own: pd.DataFrame) -> Iterator[Pair]:
    on_default, coded = int(own["default_point"].sum()), int(own["by_code"].sum())
    if on_default * 10 >= len(own):
        yield f"其中{on_default}件为默认坐标,位置不实", f"{on_default} lie on a default point: their place is not true"
    if coded * 10 >= len(own):
        yield f"其中{coded}件无坐标,按网格编码落位", f"{coded} have no coordinates and were placed by their code"
    at = own[~own["by_code"].to_numpy()]
    spots = pd.Series(list(zip(at.geometry.x.round(1), at.geometry.y.round(1), strict=True)), index=at.index)
    top = at[spots == spots.value_counts().index[0]] if len(at) else at
    if len(top) * 2 >= len(own) and len(top) >= 3 and top["category"].nunique() >= 3:
        yield (
            f"其中{len(top)}件同一坐标而类别各异,疑似定位缺省",
            f"{len(top)} of different classes lie on one spot: perhaps a default of the geocoder",
        )


def _of_time(ready: Prepared, row: Raised) -> Iterator[Pair]:
    first = int(row.window_first) - ready.counts.first_bin
    end = first + int(row.window_bins)
    share = float(ready.almanac.share[first:end].min()) if end > first else 1.0
    if share < _COMPLETE:
        yield (
            f"时段内工单约到{share:.0%},已按此推算平时件数",
            f"about {share:.0%} of the reports are in, and what is expected allows for it",
        )
    yield from ready.almanac.told_of(row.category, first, end, ready.counts.bin)
    missing = int((~ready.valid[-_RECENT:]).sum())
    if missing:
        yield f"近{_RECENT}个时段中{missing}个数据中断", f"{missing} of the last {_RECENT} periods have no data"


def _of_classes(ready: Prepared, row: Raised) -> Iterator[Pair]:
    for old, new in sorted(ready.renamed.items()):
        below = row.category == new or row.category.startswith(new + "/")
        if row.category != ALL_CLASSES and (below or new.startswith(row.category + "/")):
            yield f"含改名或并入的类别:{old}→{new}", f"holds a class that was renamed or merged: {old}→{new}"


def _of_division(ready: Prepared, row: Raised) -> Iterator[Pair]:
    """A unit drawn anew within a year: what is expected of it comes from points placed in its borders of today."""
    since = pd.Timestamp(ready.cells.table["valid_from"].iloc[row.unit])
    if since is not pd.NaT and ready.cells.versions is not None and since > ready.as_of - pd.Timedelta(days=365):
        yield (
            f"{since:%Y-%m-%d}起为新划分,此前按新边界回算",
            f"divided anew on {since:%Y-%m-%d}, what came before is counted within the new borders",
        )
