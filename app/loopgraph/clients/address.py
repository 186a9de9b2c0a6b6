"""Where the service is, for what runs beside an agent. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

HOST: Final = "127.0.0.1"
PORT: Final = "8053"
_HERE: Final = {"0.0.0.0": HOST, "::": "[::1]", "::1": "[::1]", "": HOST}  # noqa: S104 - asked, not bound


def service_url(environ: Mapping[str, str]) -> str:
    """``LOOPGRAPH_URL``, else where ``loopgraph serve`` listens with ``LOOPGRAPH_HOST`` and ``LOOPGRAPH_PORT``."""
    host, port = environ.get("LOOPGRAPH_HOST", "").strip(), environ.get("LOOPGRAPH_PORT", "").strip()
    return environ.get("LOOPGRAPH_URL") or f"http://{_HERE.get(host, host)}:{port or PORT}"


def service_token(environ: Mapping[str, str], name: str | None = None) -> str | None:
    """The token in the variable of a name, by default ``LOOPGRAPH_TOKEN``; else what the file holds that the variable with
    ``_FILE`` behind that name says. None if there is none, or it cannot be read."""
    name = name or "LOOPGRAPH_TOKEN"
    if environ.get(name):
        return environ[name].strip()
    if not (path := environ.get(f"{name}_FILE")):
        return None
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - the shim is quick, and needs no paths
            return file.read().strip() or None
    except (OSError, UnicodeDecodeError):
        return None
