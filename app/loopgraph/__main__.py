"""The ``loopgraph`` command, also as ``python -m loopgraph``.

``loopgraph pattern render`` stands in prompts, where an agent waits for it: it does without the libraries of all other commands.

Ctrl-C ends it without a traceback at whatever moment, also while it loads, and once more ends it at once. What a command has to
say or to put in order then is its own.
"""

from __future__ import annotations

import os
import signal
import sys

INTERRUPTED = 130
"""The exit code of what Ctrl-C has ended, as shells have it."""


def main() -> None:
    """Entry point."""
    try:
        _run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # that of a job in the background stays so
            signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))  # what is left is the interpreter's end


def _run() -> None:
    if sys.argv[1:3] == ["pattern", "render"] and "--help" not in sys.argv:
        from loopgraph.clients.render import run

        run(sys.argv[3:])
    from loopgraph.commands.app import main as command

    command()


if __name__ == "__main__":
    main()
