"""Several ``loopgraph`` commands, one after the other in one process, for a program that shows what they print.

    python -m loopgraph.commands.in_turn

Each line of standard input is a JSON list of arguments; each line of standard output is ``{"code": …, "printed": …}`` of one. Its
start takes longer than most of the commands.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys

from loopgraph.commands.app import app


def main() -> None:
    """Runs what it is told until the input ends."""
    for line in sys.stdin:
        printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        with contextlib.redirect_stdout(printed):
            code = app(json.loads(line), prog_name="loopgraph", standalone_mode=False)
        print(json.dumps({"code": code or 0, "printed": printed.buffer.getvalue().decode()}), flush=True)


if __name__ == "__main__":
    main()
