"""The city's clock: the only place of the table that asks what time it is."""

from __future__ import annotations

from dataclasses import dataclass

from ..qt import QtCore

_FORM = "yyyy-MM-ddTHH:mm:ss"


@dataclass(frozen=True)
class Moment:
    """A local time as the ledger writes it, and the name of its zone."""

    text: str
    zone: str

    def words(self) -> str:
        """Day, hour and zone: 2026-01-31 08:05 (Asia/Shanghai)."""
        return f"{self.text[:16].replace('T', ' ')} ({self.zone})"


def now_in(zone: str) -> Moment:
    """The time now on the clock of *zone*; this computer's own where the name is empty or not known here.

    Qt knows the zones of every Windows; Python's own list is missing there.
    """
    known = QtCore.QTimeZone(zone.encode("ascii", "replace")) if zone else QtCore.QTimeZone()
    if not known.isValid():
        known = QtCore.QTimeZone(QtCore.QTimeZone.systemTimeZoneId())
    moment = QtCore.QDateTime.currentDateTimeUtc().toTimeZone(known)
    return Moment(moment.toString(_FORM), bytes(known.id()).decode("ascii"))
