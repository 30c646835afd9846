"""The parity table: our value beside an independent one, asserted where it is made and told in docs/parity.md."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

HEAD = """# Parity: our numbers beside independent ones

Is what GridBeacon computes right? Each line below holds our values against those of an independent program, or its
print. The page is written by the tests (`make parity`), and every line was asserted when it was written.

- **ours, theirs**: the two values; of many only how many there are. *none*: both say that there is none.
- **difference**: the largest of the line, absolute unless marked %. **within**: the most the test allows; where it
  differs from value to value (printed digits, Monte Carlo error), the largest. *equal*: no difference is allowed.
- **source**: the program with its version. R packages are run by `make oracles`, which leaves their answers in
  `tests/golden`; Python packages run side by side in the test; prints of other programs are named as such.

What does not match, and why, stands [at the end](#what-does-not-match-and-why).

"""

_TOLD, _WIDE = 10, 120  # values, and characters, that a cell of the table may hold


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
    n_values: int


LINES: dict[tuple[str, str], Line] = {}


def agree(
    topic: str,
    what: str,
    ours: object,
    theirs: object,
    *,
    source: str,
    within: float | np.ndarray = 0.0,
    relative: bool = False,
) -> None:
    """Assert that *ours* equals *theirs* (numbers or arrays; text exactly) and remember the line.

    *within* is the largest difference allowed, of all values or of each, absolute or *relative*; *topic* is a model's
    family, *source* the independent program with its version, or the print, that *theirs* comes from.
    """
    mine, other = np.asarray(ours), np.asarray(theirs)
    assert mine.shape == other.shape, f"{what}: shapes {mine.shape} and {other.shape}"
    if mine.dtype.kind in "OUSb" or other.dtype.kind in "OUSb":
        unlike = int((mine != other).sum())
        assert unlike == 0, f"{what}: {unlike} of {mine.size} differ"
        gap, allowed = "0", "equal"
    else:
        apart = np.abs(mine.astype(float) - other.astype(float))
        apart = apart / np.maximum(np.abs(other), 1e-300) if relative else apart
        worst, most = float(np.max(apart, initial=0.0)), float(np.max(within, initial=0.0))
        assert (apart <= within).all(), f"{what}: off by {worst:g}, allowed {most:g}"  # a NaN is not
        gap = f"{100 * worst:.2g} %" if relative else f"{worst:.2g}"
        whole = mine.dtype.kind in "iu" and other.dtype.kind in "iu" and most < 1
        allowed = "equal" if most == 0 or whole else f"{100 * most:.3g} %" if relative else f"{most:.3g}"
    LINES[topic, what] = Line(topic, what, _short(mine), _short(other), gap, allowed, source, mine.size)


def _short(values: np.ndarray) -> str:
    if values.dtype.kind == "f" and values.ndim == 0:
        return f"{float(values):.9g}"
    if values.ndim == 0:
        return str(values)
    if not values.size:
        return "none"
    told = ", ".join(f"{float(v):.7g}" if values.dtype.kind == "f" else str(v) for v in values.ravel()[:_TOLD])
    return told if values.size <= _TOLD and len(told) <= _WIDE else f"{values.size} values"


def write(path: Path, apart: str = "") -> None:
    """Write the table; *apart* is what does not match, with the reason."""
    topics = sorted({line.topic for line in LINES.values()})
    text = [HEAD, "| topic | lines | values compared |\n|---|---|---|\n"]
    for topic in topics:
        sizes = [line.n_values for line in LINES.values() if line.topic == topic]
        text.append(f"| [{topic}](#{topic.lower().replace(' ', '-')}) | {len(sizes)} | {sum(sizes)} |\n")
    text.append("\n")
    for topic in topics:
        text.append(
            f"## {topic}\n\n| what | ours | theirs | difference | within | source |\n|---|---|---|---|---|---|\n"
        )
        for line in sorted(line for line in LINES.values() if line.topic == topic):
            cells = (line.what, line.ours, line.theirs, line.difference, line.within, line.source)
            text.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n")
        text.append("\n")
    path.write_text("".join(text) + apart, encoding="utf-8")
