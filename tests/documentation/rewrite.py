"""Writes into pages what their commands print now: ``PYTHONPATH=tests python -m documentation.rewrite docs/how-to.md``.

Read what it changes before you keep it, and put ``…`` where there is more than anybody wants to read.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from documentation.blocks import Block, blocks_of, steps
from documentation.place import RUN, Place


def rewritten(page: Path, place: Place) -> str:
    """The page with the outputs of its blocks of ``console`` as they are here."""
    lines = page.read_text(encoding="utf-8").splitlines(keepends=True)
    new: dict[int, list[str]] = {}
    for block in blocks_of(page):
        if block.excuse is not None or block.language not in RUN:
            continue
        if block.language != "console":
            try:
                place.run(block)
            except AssertionError as problem:
                print(f"{page.name}:{block.line}: {problem}", file=sys.stderr)
            continue
        new[block.line] = [f"{line}\n" for line in _typed(block, place)]
    for line, output in sorted(new.items(), reverse=True):
        end = next(at for at in range(line, len(lines)) if lines[at].strip() == "```")
        lines[line:end] = output
    return "".join(lines)


def _typed(block: Block, place: Place) -> list[str]:
    found = []
    for step in steps(block):
        found.append("$ " + step.command.replace("\n", "\n> "))
        try:
            told = place.typed(place.here(step.command))
        except AssertionError as problem:
            print(f"line {block.line}: {problem}", file=sys.stderr)
            told = "(failed)"
        found += place.as_written(told).replace("\t", "    ").splitlines()
    return [line.rstrip() for line in found]


def main() -> None:
    """Rewrites the pages that are named."""
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            place = Place(Path(folder) / "place")
            try:
                place.begin()
                text = rewritten(Path(name), place)
            finally:
                place.leave()
        Path(name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
