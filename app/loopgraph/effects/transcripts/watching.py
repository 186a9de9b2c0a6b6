"""Tells when files below some folders are written, by what the operating system tells of it."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from watchfiles import Change, awatch

from loopgraph.effects.transcripts.files import ABOUT

logger = logging.getLogger(__name__)

_TOGETHER_MS: Final = 400
"""What is written within so many ms of each other is told of together."""


async def written(
    folders: Iterable[Path], is_wanted: Callable[[Path], bool], *, below: bool = True
) -> AsyncIterator[set[Path]]:
    """The wanted files that were written, a set whenever some were, for ever; ``below``: also those in folders below. What tells
    about a file counts as that file, and so does the log of a database.

    Where the operating system cannot watch so many files it is looked for changes again and again.
    """

    def is_told(change: Change, path: str) -> bool:
        return change is not Change.deleted and (is_wanted(_file(path)) or (below and Path(path).is_dir()))

    def told(changes: Iterable[tuple[Change, str]]) -> set[Path]:
        files = {_file(path) for _, path in changes}
        # What is written into a folder as soon as it is made, and before that is watched, is told by nobody.
        within = {file for path in files if below and path.is_dir() for file in path.rglob("*")}
        return {path for path in files | within if is_wanted(path)}

    places = sorted({str(folder) for folder in folders})
    try:
        async for changes in awatch(*places, watch_filter=is_told, debounce=_TOGETHER_MS, recursive=below):
            if files := told(changes):
                yield files
    except OSError as error:
        logger.warning("%s: transcripts are looked at again and again instead", error)
        async for changes in awatch(
            *places, watch_filter=is_told, debounce=_TOGETHER_MS, recursive=below, force_polling=True
        ):
            if files := told(changes):
                yield files


def _file(path: str) -> Path:
    """The transcript that a written file is, or is about."""
    return Path(path.removesuffix(ABOUT) + ".jsonl" if path.endswith(ABOUT) else path.removesuffix("-wal"))


@contextlib.contextmanager
def held(folders: Iterable[Path]) -> Iterator[Callable[[], bool]]:
    """What tells whether the folders are still those that they are now: one that was made anew is another, and what is written
    there is told by nobody. They are kept open meanwhile, for else a new one could get the number of an old one."""
    with contextlib.ExitStack() as stack:
        numbers: dict[Path, tuple[int, int]] = {}
        for folder in folders:
            with contextlib.suppress(OSError):  # one that cannot be read is not watched either
                descriptor = os.open(folder, os.O_RDONLY)
                stack.callback(os.close, descriptor)
                numbers[folder] = _number(os.fstat(descriptor))

        def are_there() -> bool:
            try:
                return all(_number(folder.stat()) == number for folder, number in numbers.items())
            except OSError:
                return False

        yield are_there


def _number(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
