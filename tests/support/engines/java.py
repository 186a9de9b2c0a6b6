"""Finding a Java runtime of the right age."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from support.engines.model import Unavailable
from support.waiting import PATIENCE_S

QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""The first compiler and the plain collector: ready in half the time, and a new query text costs half. Tests ask few things
often enough to win from more; a benchmark passes its own options."""


def find_java(oldest: int, newest: int | None = None) -> Path:
    """The first ``java`` of a feature release in the range, both ends included. Raises Unavailable."""
    for java in _candidates():
        release = _feature_release(java)
        if release is not None and oldest <= release and (newest is None or release <= newest):
            return java
    wanted = f"{oldest} to {newest}" if newest else f"{oldest} or later"
    raise Unavailable(f"no Java {wanted} at JAVA_HOME, on the PATH or in /usr/lib/jvm")


def _candidates() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home, "bin", "java")
    if on_path := shutil.which("java"):
        yield Path(on_path)
    yield from sorted(Path("/usr/lib/jvm").glob("*/bin/java"))


@cache
def _feature_release(java: Path) -> int | None:
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    # `openjdk version "17.0.15" 2025-04-15`; Java 8 and older say "1.8.0_392".
    found = re.search(r'version "(\d+)', answer.stderr)
    return int(found[1]) if found else None
