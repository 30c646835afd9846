"""How an import treats people and classes."""

from __future__ import annotations

from dataclasses import dataclass, field

from .policy import ClassPolicy, class_policy
from .pseudonyms import Pseudonyms


@dataclass(frozen=True)
class Privacy:
    """The class policy in force, and the maker of pseudonyms; None drops callers."""

    policy: ClassPolicy = field(default_factory=class_policy)
    pseudonyms: Pseudonyms | None = None
