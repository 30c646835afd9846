"""The parity table: our value beside an independent one, asserted where it is made and told in docs/parity.md."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HEAD = """# Parity: our numbers beside independent ones

Written by the tests (`make parity`). Every line was asserted when it was written: `difference` is the largest over all
values of the line, absolute unless marked %. `within` is what the test allows. Oracles are run by `make oracles`
(R spdep, surveillance, spatstat, sparr) or side by side in the test (esda, pointpats, scikit-learn, statsmodels);
prints of other programs are named as such.

"""


@dataclass(frozen=True, order=True)
class Line:
    """One line of the table."""

    topic: str
    what: str
    ours: str
    theirs: str
    difference: str
    within: str
    source: str


LINES: dict[tuple[str, str], Line] = {}


def agree(
    topic: str, what: str, ours: object, theirs: object, *, source: str, within: float = 0.0, relative: bool = False
) -> None:
    """Assert that *ours* equals *theirs* (numbers or arrays; text exactly) and remember the line.

    *within* is the largest difference allowed, absolute or *relative*; *topic* is a model's family, *source* the
    independent program with its version, or the print, that *theirs* comes from.
    """
    mine, other = np.asarray(ours), np.asarray(theirs)
    assert mine.shape == other.shape, f"{what}: shapes {mine.shape} and {other.shape}"
    if mine.dtype.kind in "OUSb" or other.dtype.kind in "OUSb":
        unlike = int((mine != other).sum())
        assert unlike == 0, f"{what}: {unlike} of {mine.size} differ"
        gap, allowed = "0", "equal"
    else:
        apart = np.abs(mine.astype(float) - other.astype(float))
        worst = float(np.max(apart / np.maximum(np.abs(other), 1e-300) if relative else apart, initial=0.0))
        assert worst <= within and not math.isnan(worst), f"{what}: off by {worst:g}, allowed {within:g}"
        gap = f"{100 * worst:.2g} %" if relative else f"{worst:.2g}"
        allowed = "equal" if within == 0 else f"{100 * within:g} %" if relative else f"{within:g}"
    LINES[topic, what] = Line(topic, what, _short(mine), _short(other), gap, allowed, source)


def _short(values: np.ndarray) -> str:
    if values.dtype.kind == "f" and values.ndim == 0:
        return f"{float(values):.9g}"
    if values.ndim == 0:
        return str(values)
    if values.size <= 5:
        return ", ".join(f"{float(v):.7g}" if values.dtype.kind == "f" else str(v) for v in values.ravel())
    return f"{values.size} values"


def write(path: Path, apart: str = "") -> None:
    """Write the table; *apart* is what does not match, with the reason."""
    text = [HEAD]
    for topic in sorted({line.topic for line in LINES.values()}):
        text.append(
            f"## {topic}\n\n| what | ours | theirs | difference | within | source |\n|---|---|---|---|---|---|\n"
        )
        for line in sorted(line for line in LINES.values() if line.topic == topic):
            cells = (line.what, line.ours, line.theirs, line.difference, line.within, line.source)
            text.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n")
        text.append("\n")
    path.write_text("".join(text) + apart, encoding="utf-8")
