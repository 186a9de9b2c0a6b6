"""Which graph a command works on that asks no service."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from loopgraph.commands.terminal import err, shown
from loopgraph.settings import Settings


def graph_settings(graph_url: str | None = None, *, quiet: bool = False) -> Settings:
    """The settings, with the graph that the command names. Where nothing names one, and the service of the environment is on
    another machine, it says on standard error that this is not the graph of that service."""
    settings = Settings() if graph_url is None else Settings(graph_url=graph_url)
    if not quiet and "graph_url" not in settings.model_fields_set and (service := _elsewhere()):
        err.print(
            f"this works on a graph of this machine, and not on that of the service at {shown(service)} (LOOPGRAPH_URL): "
            "`loopgraph hooks install` sends it what agents do, `loopgraph sessions`, `traces list` and `query` ask it; all "
            "else runs where the service does, or with --graph-url",
            markup=False,
            soft_wrap=True,
        )
    return settings


def _elsewhere() -> str | None:
    """The address of the service that the environment names, if that is not on this machine."""
    if not (url := os.environ.get("LOOPGRAPH_URL", "")):
        return None
    from loopgraph.api.access.hosts import is_loopback

    try:
        host = urlsplit(url).hostname
    except ValueError:
        return None
    return None if host is None or is_loopback(host) else url
