"""A number with what it counts, as commands, messages and reports say it; the console has ``counted`` in ``lib/format.js``."""


def counted(number: float, one: str, more: str = "") -> str:
    """``1 event``, ``1,000 events``; ``more`` where that is not ``one`` with an s: ``1 event waits``, ``2 events wait``."""
    told = int(number) if number == int(number) else number
    return f"{told:,} {one if number == 1 else more or f'{one}s'}"
