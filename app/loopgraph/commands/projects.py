"""How a project is named on a command line."""

from __future__ import annotations

import os
from pathlib import Path


def project_named(told: str) -> str:
    """The project that is meant: a folder, if there is one or it is written as one, or else a name."""
    is_folder = (
        Path(told).is_dir() or told.startswith(("~", ".")) or any(mark in told for mark in (os.sep, os.altsep) if mark)
    )
    return os.path.normpath(Path(told).expanduser().absolute()) if is_folder else told
