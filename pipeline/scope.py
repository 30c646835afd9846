"""The classes a run is about: which nodes of the class tree were chosen, and which incidents they hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches

import numpy as np
import pandas as pd

from ..cube import ALL_CLASSES, Counts, ancestors_of
from ..errors import InputError
from ..layers.privacy import ClassPolicy
from .refusals import refusal

LEFT_OUT = "P-CLASS-002"
"""The code of rows of classes that were not chosen."""

_NAMED = 5
_IN_TITLE = 3


def nodes_of(classes: Iterable[str]) -> tuple[str, ...]:
    """The chosen nodes in order, each once, without those below another one; the root stands for all: ()."""
    known = {"/".join(part.strip() for part in name.strip().strip("/").split("/")) for name in classes} - {""}
    if ALL_CLASSES in known:
        return ()
    return tuple(sorted(name for name in known if not known & set(ancestors_of(name)[:-1])))


def chosen(categories: Sequence[str] | pd.Series | np.ndarray, classes: Iterable[str]) -> np.ndarray:
    """(n,) bool: which *categories* are one of *classes* or lie below one; all of them where none is chosen."""
    nodes = nodes_of(classes)
    codes, names = pd.factorize(pd.Series(categories, dtype=object).astype(str))
    if not nodes or not len(names):
        return np.ones(len(codes), dtype=bool)
    return np.array([any(within(str(name), node) for node in nodes) for name in names], dtype=bool)[codes]


def within(category: str, node: str) -> bool:
    """Whether a class is *node* or lies below it."""
    return category == node or category.startswith(node + "/")


def narrowed(counts: Counts, classes: Iterable[str]) -> Counts:
    """*counts* of the chosen classes, over the same bins."""
    nodes = nodes_of(classes)
    if not nodes:
        return counts
    return replace(counts, table=counts.table[chosen(counts.table["category"], nodes)])


def scope_words(classes: Iterable[str]) -> str:
    """What a title says behind it of a run on some classes; nothing where every class counts."""
    nodes = nodes_of(classes)
    if not nodes:
        return ""
    return f"({'、'.join(nodes)})" if len(nodes) <= _IN_TITLE else f"({'、'.join(nodes[:2])}等{len(nodes)}类)"


def check_classes(classes: Iterable[str], known: Iterable[str], policy: ClassPolicy) -> None:
    """Raise InputError for a chosen node that the policy refuses, or that no class of *known* is or lies below."""
    nodes = nodes_of(classes)
    if not nodes:
        return
    tree = {node for name in known for node in ancestors_of(str(name))[1:]}
    for node in nodes:
        if policy.refuses(node):
            raise refusal("E-PLAN-010", where="--classes", node=node)
        if node not in tree:
            raise _unknown(node, tree)


def _unknown(node: str, tree: set[str]) -> InputError:
    """The refusal of a node, with the nodes most like it: equal in the last part, then in spelling, then the top."""
    last = node.rsplit("/", 1)[-1]
    same = sorted(name for name in tree if last in name.split("/"))
    alike = get_close_matches(node, sorted(tree), n=_NAMED, cutoff=0.4)
    top = sorted(name for name in tree if "/" not in name)
    near = list(dict.fromkeys([*same, *alike]))[:_NAMED] or top[:_NAMED]
    return refusal("E-PLAN-009", where="--classes", node=node, near=", ".join(near))
