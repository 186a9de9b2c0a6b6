"""When a schedule is due: cron's five fields, by the clock of a time zone.

Where clocks are set forward, what is due in the hour that there is not is due right after it; where they are set back, what is
due at a fixed time in the hour that there is twice is due once (as in Debian's cron, which cronsim follows).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from loopgraph.errors import InvalidInput

_FIELDS: Final = 5


def next_due(cron: str, zone: ZoneInfo, after: datetime) -> datetime:
    """The first instant after another at which a schedule is due, in UTC.

    Raises InvalidInput for what are no five fields of cron, and for a date that never comes, such as the 31st of February.
    """
    if len(cron.split()) != _FIELDS:
        raise InvalidInput("cron", "must have five fields: minute, hour, day of the month, month, day of the week")
    try:
        return next(CronSim(cron, after.astimezone(zone))).astimezone(UTC)
    except CronSimError as error:
        raise InvalidInput("cron", f"is not understood: {error}") from error
    except StopIteration as error:
        raise InvalidInput("cron", "names a time that never comes") from error
