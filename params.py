"""Declare a setting once; the command line, Processing, the dock and the docs read it here. Standard library only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, get_type_hints

from .errors import InputError, refusals

REFUSALS = refusals(
    {
        "E-SET-001": (
            "{name} must be {range}, not {value!r}",
            "{name}应为{range},不能是{value!r}",
            "The default is {default}.",
            "默认值为{default}。",
        )
    }
)

UNITS_ZH = {"days": "天", "weeks": "周", "hours": "小时", "bins": "时段", "min": "分钟", "m": "米", "km²": "平方公里"}
"""Unit of a setting -> what it is called in Chinese."""


@dataclass(frozen=True)
class Param:
    """What every face needs to know about one setting."""

    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    advanced: bool = False
    zh: str = ""
    """Its name in Chinese; where that is a sentence, it is the help too."""
    help_zh: str = ""
    """What it does, in Chinese, where `zh` does not say it."""

    @property
    def range(self) -> str:
        """The allowed values in words: "at least 1.0 m", "gaussian or quartic"."""
        if self.choices:
            return " or ".join(self.choices)
        ends = [(self.low, "at least"), (self.high, "at most")]
        return " and ".join(f"{word} {end} {self.unit}".rstrip() for end, word in ends if end is not None)

    @property
    def unit_zh(self) -> str:
        """The unit in Chinese."""
        return UNITS_ZH.get(self.unit, self.unit)

    @property
    def range_zh(self) -> str:
        """As `range`, in Chinese."""
        if self.choices:
            return "或".join(self.choices)
        ends = [(self.low, "不小于"), (self.high, "不大于")]
        return "且".join(f"{word}{end} {self.unit_zh}".rstrip() for end, word in ends if end is not None)

    def allows(self, value: Any) -> bool:
        """Whether *value* lies within the declared choices or bounds."""
        values = value if isinstance(value, (tuple, list)) else (value,)
        if self.choices:
            return all(v in self.choices for v in values)
        if value is None or isinstance(value, str):
            return True
        return all((self.low is None or v >= self.low) and (self.high is None or v <= self.high) for v in values)


def param(default: Any, help: str, **facts: Any) -> Any:
    """A dataclass field that carries its `Param`. *facts* are the further fields of `Param`."""
    return field(default=default, metadata={"param": Param(help, **facts)})


def params_of(cls: type) -> Iterator[tuple[str, Any, Any, Param]]:
    """Yield (name, type, default, Param) in declaration order."""
    hints = get_type_hints(cls)
    for f in fields(cls):
        if "param" in f.metadata:
            yield f.name, hints[f.name], f.default, f.metadata["param"]


def check(settings: Any) -> None:
    """Raise InputError for the first setting outside its declared bounds."""
    for name, _, default, p in params_of(type(settings)):
        value = getattr(settings, name)
        if not p.allows(value):
            facts = {"name": name, "name_zh": f"{p.zh}({name})" if p.zh else name, "value": value}
            facts |= {"range": p.range, "range_zh": p.range_zh}
            facts |= {"default": f"{default} {p.unit}".rstrip(), "default_zh": f"{default} {p.unit_zh}".rstrip()}
            raise REFUSALS["E-SET-001"].error(InputError, type(settings).__name__, facts)
