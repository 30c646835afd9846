"""The model contract, and the small base class that carries it.

A model is a dataclass of params that turns a `SpaceTimeCube` into scores.

- `fit(cube)` checks the params, learns, returns self, and leaves cube and params alone; learned names end in `_`.
- `evidence(cube)` is in [0, 1], shape (n_times, n_cells), higher is worse: for drawing. Calm is 0.5 or less.
- A model with a null has `log_p(cube)`, shape (n_times, n_cells): the natural logarithm of the upper tail
  probability of what was observed, at most 0, never -inf for finite counts. Evidence saturates, log_p does not.
- `status(cube)` is an (n_cells,) array of text: `ok`, or the name of what kept a cell from being scored
  (`no contrast`, `too few bins`, `empty class` ...). A neutral value (evidence 0.5 or less, log_p 0) stands beside
  it; never a NaN.
- Re-ordered cells re-order the answer; bins after the one scored change nothing where a model scores bins in time.
- Randomness comes from the param `random_state` alone; every replicate has a stream of its own.
- `details(cube)` are further facts of the last bin by name, each (n_cells,): what a table shows beside the score.
- A model with `end_only` looks at the whole cube as seen from its last bin (a prospective scan, emerging hot spots):
  the rows before the last are neutral, and only the last is judged.
- A model whose p cannot fall below some value (permutations: 1 / (R + 1)) says so by the method `least_p()`.

Window models (hot spots, density) score every row of the cube on its own; hand them `cube.totals()` through
`window_cube`. Temporal models score each bin against the bins before it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from inspect import signature
from typing import Any, TypeVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from ..cube import SpaceTimeCube

E = TypeVar("E", bound="Estimator")

_HALF_WAY = math.log(30.0)  # the surprise at which evidence is a half


class Estimator(BaseEstimator):
    """Base of every model: scikit-learn's contract with dataclass params.

    Subclass as `@dataclass(eq=False, repr=False)`.
    """

    title = ""
    """What users call the model, English."""
    title_zh = ""
    """What users call the model, Chinese."""
    about = ""
    """What users should know of it besides the first paragraph of its docstring: for the help."""
    about_zh = ""
    """The same in Chinese, that paragraph included."""
    has_null = False
    """Whether `log_p` exists."""
    temporal = False
    """Whether each bin is scored against the bins before it; otherwise every row of the cube on its own."""
    side = "high"
    """`low` where what is looked for is too few incidents and not too many: log_p is then that of the lower tail."""
    end_only = False
    """Whether the cube is judged as a whole, as seen from its last bin; the rows before it are neutral."""
    uses: tuple[str, ...] = ()
    """Optional factors of the cube that the model makes use of and that cost something to make: `class_mix`."""
    bin = ""
    """The bin the model is made for (`week`), where it sums finer ones itself; empty: any."""

    def fit(self: E, cube: SpaceTimeCube) -> E:
        """Learn from *cube*; return self."""
        raise NotFittedError(f"{type(self).__name__} defines no fit")

    def details(self, cube: SpaceTimeCube) -> dict[str, np.ndarray]:
        """Further facts of the last bin by name, each (n_cells,); none by default."""
        return {}

    def least_p(self) -> float:
        """The smallest p the model can tell; 0 where tails are computed and not drawn."""
        return 0.0

    def __sklearn_tags__(self) -> Any:
        return super().__sklearn_tags__()


def window_cube(cube: SpaceTimeCube) -> SpaceTimeCube:
    """The whole cube as one bin: totals per cell, at the start of its first bin."""
    return replace(cube, counts=cube.totals(), bins=cube.bins[:1], factors={})


def tail_evidence(log_p: np.ndarray) -> np.ndarray:
    """Evidence of a log tail, same shape, in [0, 1]: 0 is ordinary, 0.5 one chance in 30, near 1 far out."""
    strength = np.abs(log_p)
    return strength / (strength + _HALF_WAY)


def at_last(method: Callable[..., np.ndarray], cube: SpaceTimeCube) -> np.ndarray:
    """(n_cells,) what a model's `evidence` or `log_p` says of the last bin, without the others where it can."""
    one = {"last": 1} if "last" in signature(method).parameters else {}
    return method(cube, **one)[-1]


def check_cells(model: Any, cube: SpaceTimeCube) -> None:
    """Raise ValueError if *cube* has other cells than the one *model* was fitted on."""
    if not np.array_equal(model.cells_, cube.cells):
        raise ValueError(
            f"{type(model).__name__} was fitted on {len(model.cells_)} cells, not on these {cube.n_cells}; "
            "fit it on this grid"
        )
