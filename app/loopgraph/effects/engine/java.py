"""How the engine's Java is called: its runtime, its jars, its options (PyPI ``arcadedb-embedded``)."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from loopgraph.effects.engine.folder import EngineFolder
from loopgraph.errors import EngineStartError

USER = "root"
DATABASE = "loopgraph"
LOOPBACK = "127.0.0.1"

_SMALL_KB = 128 * 1024
"""A smaller heap is left to Java."""

_USE_A_SERVER = "set LOOPGRAPH_GRAPH_URL to a Neo4j or Memgraph server (bolt://HOST:PORT)"


def engine_package() -> Path:
    """The folder of ``arcadedb_embedded``, which is not imported: that would load a Java runtime into this process.

    Raises EngineStartError where it is not installed.
    """
    spec = importlib.util.find_spec("arcadedb_embedded")
    for folder in (spec and spec.submodule_search_locations) or ():
        if Path(folder, "jre", "bin", "java").exists():
            return Path(folder)
    raise EngineStartError(
        f"the embedded engine is not installed: `pip install arcadedb-embedded`, or, where it has no wheel for this "
        f"platform ({sys.platform}, Python {sys.version_info.major}.{sys.version_info.minor}), {_USE_A_SERVER}"
    )


def heap_options(size: str) -> tuple[str, ...]:
    """The options for a heap of at most this size (``"512m"``).

    Java's own choice begins with a share of the machine's memory, of which the young part is soon all used: 60 MB less where it
    begins small, and nothing slower. A smaller young part would let go of too little, and the old one grow.
    """
    number, unit = int(size[:-1]), size[-1].lower()
    begins = ("-Xms80m", "-XX:NewSize=48m") if number * {"k": 1, "m": 1024, "g": 1024**2}[unit] >= _SMALL_KB else ()
    return f"-Xmx{size}", *begins


def java(options: Sequence[str]) -> list[str]:
    """The command up to the class that it runs: the runtime, these options and what the engine always needs."""
    package = engine_package()
    return [
        str(package / "jre" / "bin" / "java"),
        *options,
        "-XX:+ExitOnOutOfMemoryError",  # a clean restart instead of a server of which some threads are dead
        *("--add-modules", "jdk.incubator.vector"),
        *("--add-opens", "java.base/java.nio=ALL-UNNAMED"),
        *("-cp", str(package / "jars" / "*")),
    ]


def server(folder: EngineFolder, port: int, http_port: int) -> list[str]:
    """The rest of the command: the engine on a folder, its Bolt and its HTTP on ports of loopback."""
    settings = {
        "java.util.logging.config.file": folder.logging_properties,
        "arcadedb.server.rootPath": folder.root,
        "arcadedb.server.rootPasswordPath": folder.password_file,  # a command line is public
        "arcadedb.server.defaultDatabases": f"{DATABASE}[{USER}]",
        "arcadedb.server.plugins": "Bolt:com.arcadedb.bolt.BoltProtocolPlugin",
        "arcadedb.bolt.host": LOOPBACK,
        "arcadedb.bolt.port": port,
        "arcadedb.bolt.maxMessageSize": 128 * 1024 * 1024,  # a larger message hangs the client for ever
        "arcadedb.server.httpIncomingHost": LOOPBACK,
        "arcadedb.server.httpIncomingPort": http_port,
        "arcadedb.queryMaxConcurrent": 256,  # the default lets four unread results block the whole server
        "arcadedb.command.timeout": 30_000,  # milliseconds; the only time limit that it honours
        "arcadedb.txWalFlush": 1,  # the default never syncs: a power failure takes acknowledged writes
        "arcadedb.opencypher.loadCsv.allowFileUrls": "false",
    }
    return [*(f"-D{name}={value}" for name, value in settings.items()), "com.arcadedb.server.ArcadeDBServer"]
