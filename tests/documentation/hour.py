"""A newcomer's first hour, from a clone, with the time of each step: ``PYTHONPATH=tests python -m documentation.hour``.

It installs into a temporary folder, runs the demo there, and then every block of the pages that a newcomer reads, in their order.
What it prints is the table of docs/first-hour.md. What people take to read, and their own work, is not in it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from documentation.blocks import blocks_of
from documentation.place import ROOT, RUN, Place

PAGES = ("README.md", "docs/fifteen-minutes.md", "docs/how-to.md", "docs/access.md")


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Prints a row of the table."""
    began = time.monotonic()
    yield
    print(f"| {what} | {time.monotonic() - began:.0f} s |", flush=True)


def read(name: str) -> None:
    """Runs a page, section by section."""
    page = ROOT / name
    headings = [(0, "before its first heading")] + [
        (number, line.lstrip("# "))
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1)
        if line.startswith("## ")
    ]
    blocks = [block for block in blocks_of(page) if block.excuse is None and block.language in RUN]
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder) / "place")
        try:
            with timed(f"{name}: the service starts"):
                place.begin()
            for (begins, heading), ends in zip(headings, [*(at for at, _ in headings[1:]), sys.maxsize], strict=True):
                if here := [block for block in blocks if begins < block.line < ends]:
                    with timed(f"{name}: {heading}"):
                        for block in here:
                            place.run(block)
        finally:
            place.leave()


def main() -> None:
    """Prints the table."""
    if sys.argv[1:]:
        for name in sys.argv[1:]:
            read(name)
        return
    with tempfile.TemporaryDirectory() as folder:
        checkout = Path(folder) / "loopgraph"
        with timed("`git clone`"):
            subprocess.run(["git", "clone", "--quiet", ROOT, checkout], check=True)
        for target in ("install", "demo"):
            with timed(f"`make {target}`"):
                subprocess.run(["make", target], cwd=checkout, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=True)
        python = [checkout / ".venv" / "bin" / "python", "-m", "documentation.hour", *PAGES]
        subprocess.run(
            python, cwd=checkout, env={"PYTHONPATH": "tests", "PATH": "/usr/local/bin:/usr/bin:/bin"}, check=True
        )


if __name__ == "__main__":
    main()
