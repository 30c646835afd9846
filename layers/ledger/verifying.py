"""Whether a ledger's past is what was recorded: hashes, order, moves and references. Standard library only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ...errors import InputError
from ..refusals import refusal
from .chain import GENESIS, HASHED, digest
from .states import step_after


def damaged(where: str, why: str, why_zh: str) -> InputError:
    """The refusal of a ledger that is not what was recorded; it is never repaired, for it may be the only record."""
    return refusal("E-LEDGER-006", where=where, why=why, why_zh=why_zh)


def verify_events(events: Iterable[Mapping[str, Any]], where: str, with_steps: bool = True) -> int:
    """Recompute the chain over *events*, oldest first; returns their number.

    Raises InputError at the first event that is not the one recorded, that was not legal after the ones before, whose
    step is not the one that follows (unless *with_steps* is false), or that refers to an event that is not there.
    """
    hashes: list[str] = [GENESIS]
    steps: dict[str, str] = {}
    for event in events:
        number = len(hashes)
        if event["seq"] != number or event["previous_hash"] != hashes[-1] or event["hash"] != _hash_of(event):
            raise damaged(where, f"event {number} is not what was recorded", f"第{number}条记录被改动过")
        step = step_after(event["event"], steps.get(event["warning_id"], ""), event["state"])
        if step is None or (with_steps and event["step"] != step) or bool(step) != bool(event["warning_id"]):
            raise damaged(where, f"event {number} was not allowed", f"第{number}条记录不合流程")
        if event["event"] in ("corrected", "cancelled") and not _refers(event["payload"], hashes):
            raise damaged(where, f"event {number} refers to none that is there", f"第{number}条记录所指的记录不存在")
        if step:
            steps[event["warning_id"]] = step
        hashes.append(event["hash"])
    return len(hashes) - 1


def _hash_of(event: Mapping[str, Any]) -> str:
    """What the event's hash should be; empty where a flipped byte made a text something else."""
    try:
        return digest([event[name] for name in HASHED])
    except TypeError:
        return ""


def _refers(payload: str, hashes: list[str]) -> bool:
    meant = json.loads(payload)
    return 0 < meant.get("seq", 0) < len(hashes) and hashes[meant["seq"]] == meant.get("hash")
