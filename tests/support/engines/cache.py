"""Folders that are filled once per user and then only read."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def cache_folder() -> Path:
    """LOOPGRAPH_TEST_CACHE, or ``~/.cache/loopgraph-tests``."""
    return Path(os.environ.get("LOOPGRAPH_TEST_CACHE") or Path.home() / ".cache" / "loopgraph-tests").absolute()


def filled_once(folder: Path, fill: Callable[[Path], None]) -> Path:
    """``folder``, made by ``fill(staging)`` unless it is there already.

    It appears whole or not at all, and of several runs that need it at one time one fills it and the others wait.
    """
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(folder.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # let go by the kernel when its holder dies
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=folder.name + ".") as staging:
                content = Path(staging, "content")
                content.mkdir()
                fill(content)
                content.rename(folder)
    return folder
