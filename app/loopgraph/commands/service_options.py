"""Which service a command speaks to: its options, and whether it is ready."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

import typer

from loopgraph.clients.address import service_token, service_url
from loopgraph.commands.asking import why_no_answer
from loopgraph.contracts.access import Asker
from loopgraph.errors import InvalidInput
from loopgraph.settings import Access, Settings

Url = Annotated[
    str | None,
    typer.Option(help="Address of the service; default LOOPGRAPH_URL, else http://LOOPGRAPH_HOST:LOOPGRAPH_PORT."),
]
TokenEnv = Annotated[
    str | None, typer.Option(help="Name of the variable that holds the token; default LOOPGRAPH_TOKEN.")
]
InstalledTokenEnv = Annotated[
    str | None, typer.Option(help="Name of the variable that holds the token, which the settings name; default: none.")
]
_PATIENCE_S = 5
"""So long a service is waited for that says whether it is ready; it asks the graph."""


def one_level(user: bool, project: bool, local: bool = False) -> None:
    """Raises InvalidInput where more than one level of settings is asked for."""
    if user + project + local > 1:
        raise InvalidInput("--user, --project, --local", "choose one of them")


def address_option(url: str | None) -> str:
    """The service's address, without a slash at its end: that of the option, else of the environment. Raises InvalidInput."""
    name = "--url"
    if url is None:
        name, url = "LOOPGRAPH_URL", os.environ.get("LOOPGRAPH_URL") or None
    if url is None:
        settings = Settings()
        return service_url({"LOOPGRAPH_HOST": settings.host, "LOOPGRAPH_PORT": str(settings.port)})
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment:
        raise InvalidInput(name, f"{url!r} is not an address; use one such as http://127.0.0.1:8053")
    return url.rstrip("/")


def variable_option(name: str | None) -> str | None:
    """The name of an environment variable. Raises InvalidInput."""
    if name is not None and not (name.isascii() and name.isidentifier()):
        raise InvalidInput("--token-env", f"{name!r} is not the name of a variable; the token itself stays out of here")
    return name


def token_option(name: str | None) -> str | None:
    """The token in the variable of that name, by default ``LOOPGRAPH_TOKEN``; None if there is none. Raises InvalidInput."""
    return service_token(os.environ, variable_option(name))


def health_of(address: str) -> str:
    """Why the service does not do what it should; empty if it is ready to."""
    import httpx

    try:
        answer = httpx.get(f"{address}/readyz", timeout=_PATIENCE_S, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"does not answer ({why_no_answer(error)})"
    if answer.is_success:
        return ""
    try:
        said = answer.json()
        return f"is {said['status']}: {said['message']}"
    except (ValueError, LookupError, TypeError):
        return f"answers with HTTP {answer.status_code}"


def refusal_of(address: str, shown: Mapping[str, str]) -> str:
    """Why a service that is ready takes nothing from somebody who shows these headers; empty if it does, or does not say."""
    import httpx

    try:
        answer = httpx.get(f"{address}/api/session", headers=dict(shown), timeout=_PATIENCE_S, trust_env=False)
        told = Asker.model_validate_json(answer.content) if answer.is_success else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return ""
    if told is None:  # a proxy's, or that of a service which is older than this
        return f"HTTP {answer.status_code}" if answer.status_code in (401, 403) else ""
    if told.access == Access.OPEN.value or told.signed_in:
        return ""
    return told.problem or "it wants a token, and none is shown"
