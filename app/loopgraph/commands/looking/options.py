"""The options that these commands share, and the service that they ask."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from loopgraph.commands.asking import ask
from loopgraph.commands.service_options import address_option, token_option

First = Annotated[int, typer.Option(min=1, max=500, help="How many, the newest first.")]


class Asked:
    """The service at an address."""

    def __init__(self, url: str | None, token_env: str | None) -> None:
        self.address = address_option(url)
        self.token = token_option(token_env)

    def read(self, query: str, **variables: Any) -> Any:
        """The one field of a query's answer. Raises SetupError."""
        (found,) = ask(self.address, self.token, query, variables, tries=2).values()
        return found


def moment_of(text: str | None) -> str:
    """An instant of GraphQL in local time; empty where there is none."""
    return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M:%S}" if text else ""


def lasted(ms: float | None) -> str:
    """A duration as people read it."""
    if ms is None:
        return ""
    if ms < 1_000:
        return f"{ms:.0f} ms"
    return f"{ms / 1_000:.1f} s" if ms < 60_000 else f"{int(ms // 60_000)} min {ms % 60_000 / 1_000:.0f} s"
