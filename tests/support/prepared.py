"""Graphs of the embedded engine as a first start leaves them: empty, with the schema in place.

To set one up takes the engine some four seconds of a processor, to copy one a tenth of a second. What is copied is made once
for each state of the code that makes it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

from loopgraph.assets import asset
from loopgraph.effects.engine import folder as engine_folders
from loopgraph.effects.engine.java import engine_package
from loopgraph.effects.schema import schema
from support.engines.cache import cache_folder, filled_once

DATABASES = Path("engine", "databases")

_KEPT_S = 7 * 24 * 3600


def prepared(folder: Path) -> Path:
    """Makes ``folder`` one of the embedded engine, whose graph has the schema and nothing else."""
    shutil.copytree(_original(), folder, dirs_exist_ok=True)
    return folder


def prepared_where(url: str) -> None:
    """Does so where a URL is that of a folder that is not there yet."""
    kind, _, path = url.partition(":")
    if kind == "embedded" and not Path(path).exists():
        prepared(Path(path))


def prepared_database(folder: Path) -> None:
    """Makes ``folder`` that of a database with the schema and nothing else; an engine has to open it."""
    [database] = (path for path in (_original() / DATABASES).iterdir() if path.is_dir())
    shutil.copytree(database, folder)


@cache
def _original() -> Path:
    return filled_once(cache_folder() / f"prepared-{_digest()}", _set_up)


def _set_up(folder: Path) -> None:
    for old in cache_folder().glob("prepared-*"):
        if time.time() - old.stat().st_mtime > _KEPT_S:
            shutil.rmtree(old, ignore_errors=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOOPGRAPH_GRAPH")}
    command = [sys.executable, "-m", "loopgraph", "doctor", "--create"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env=environment | {"LOOPGRAPH_GRAPH_URL": f"embedded:{folder}"},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _digest() -> str:
    """Of all that sets a graph up: the engine, what starts it, the schema and the migrations that are recorded."""
    jars = sorted(f"{jar.name} {jar.stat().st_size}" for jar in (engine_package() / "jars").glob("*.jar"))
    sources = [Path(module.__file__ or "").parent for module in (engine_folders, schema)]
    sources += [Path(str(asset("cypher", room))) for room in ("schema", "migrations", "system")]
    files = sorted(file for source in sources for file in source.rglob("*") if file.suffix in (".py", ".cypher"))
    digest = hashlib.sha256("\n".join(jars).encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
