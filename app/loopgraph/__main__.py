"""The ``loopgraph`` command, also as ``python -m loopgraph``.

``loopgraph pattern render`` stands in prompts, where an agent waits for it: it does without the libraries of all other commands.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point."""
    if sys.argv[1:3] == ["pattern", "render"] and "--help" not in sys.argv:
        from loopgraph.clients.render import run

        run(sys.argv[3:])
    from loopgraph.commands.app import main as command

    command()


if __name__ == "__main__":
    main()
