"""What the exit codes of all commands mean; ``docs/exit-codes.md`` says it at length."""

from __future__ import annotations

import signal
from enum import IntEnum


class ExitCode(IntEnum):
    """Why a command has ended."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CONDITION = 3
    ENDED_EARLY = 4
    NOT_ENDED = 5
    INTERRUPTED = 128 + signal.SIGINT
    BROKEN_PIPE = 128 + signal.SIGPIPE
