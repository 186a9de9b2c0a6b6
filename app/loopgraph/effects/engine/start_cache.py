"""What Java keeps of one start of the engine so that the next ones take half the time: an AOT cache (JEP 483, 514, 515).

It holds classes loaded and linked, and which methods were hot: some 50 MB, for one runtime, one set of jars and one set of
options. Its name is a digest of these, so a new engine starts without one until ``rehearsal`` makes it. Java ignores a file
that does not fit; whoever starts the engine drops it then, so that it is made anew.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from loopgraph.effects.engine.java import engine_package

logger = logging.getLogger(__name__)

_NAME, _SUFFIX = "engine-", ".aot"
_KEPT = 3
"""Files of other runtimes and options that are left, the newest first."""


class StartCache:
    """The cache for these options of Java, in a folder of the user's, whether it is there or not."""

    def __init__(self, folder: Path, java_options: Sequence[str]) -> None:
        self.folder = folder
        self.file = folder / f"{_NAME}{_digest(java_options)}{_SUFFIX}"

    @property
    def options(self) -> tuple[str, ...]:
        """What makes Java use it; nothing while it is not there."""
        return (f"-XX:AOTCache={self.file}",) if self.file.is_file() else ()

    def put(self, made: Path) -> None:
        """Moves a file that was made beside it to its place, and removes the oldest ones. Raises OSError."""
        with made.open("rb") as content:  # a power failure must not leave the name of a part
            os.fsync(content.fileno())
        made.rename(self.file)
        others = sorted(self.folder.glob(f"{_NAME}*{_SUFFIX}"), key=lambda file: file.stat().st_mtime, reverse=True)
        for old in [file for file in others if file != self.file][_KEPT:]:
            old.unlink(missing_ok=True)

    def drop(self) -> None:
        """Removes it, if it can be: the next start goes without, and it can be made anew."""
        try:
            self.file.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("the engine cannot use %s, which cannot be removed: %s", self.file, error)
        else:
            logger.info("the engine could not use %s, which is damaged; it is made anew", self.file)


def _digest(java_options: Sequence[str]) -> str:
    package = engine_package()
    release = package / "jre" / "release"
    jars = sorted((jar.name, jar.stat().st_size, jar.stat().st_mtime_ns) for jar in (package / "jars").glob("*.jar"))
    parts = (str(package), release.read_text() if release.exists() else "", jars, sorted(java_options))
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
