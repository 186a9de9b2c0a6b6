"""Which service a command speaks to: its options, and whether it is ready."""

from __future__ import annotations

import json
import os
import time
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

_MOST_BYTES = 1 << 20
"""Longer answers are not read."""

_LONGEST = 300
"""So many characters of what it says are told."""

_WORD = 7
"""Longer words of what is shown, such as tokens, are not repeated."""


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
    """Why the service does not do what it should, in one line; empty if it is ready to."""
    import httpx

    try:
        status, body = _answer(f"{address}/readyz", {})
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"does not answer ({why_no_answer(error)})"
    if 200 <= status < 300:
        return ""
    try:
        said = json.loads(body)
        return _line(f"is {said['status']}: {said['message']}")
    except (ValueError, LookupError, TypeError):
        return f"answers with HTTP {status}"


def refusal_of(address: str, shown: Mapping[str, str]) -> str:
    """Why a service that is ready takes nothing from somebody who shows these headers, in one line and without what they hold;
    empty if it does, or does not say."""
    import httpx

    try:
        status, body = _answer(f"{address}/api/session", shown)
        told = Asker.model_validate_json(body) if 200 <= status < 300 else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return ""
    if told is None:  # a proxy's, or that of a service which is older than this
        return f"HTTP {status}" if 300 <= status < 400 or status in (401, 403) else ""
    if told.access == Access.OPEN.value or told.signed_in:
        return ""
    problem = told.problem or "it wants a token, and none is shown"
    for secret in (part for text in shown.values() for part in text.split() if len(part) > _WORD):
        problem = problem.replace(secret, "…")
    return _line(problem)


def _answer(url: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """The status of an answer, and its body: whoever answers without end is not listened to for long. Raises HTTPError."""
    import httpx

    until, body = time.monotonic() + _PATIENCE_S, b""
    plain = {"accept-encoding": "identity", **headers}
    with httpx.stream("GET", url, headers=plain, timeout=_PATIENCE_S, trust_env=False) as answer:
        for part in answer.iter_raw():
            body += part
            if time.monotonic() > until:
                raise httpx.ReadTimeout("the answer does not end")
            if len(body) > _MOST_BYTES:
                raise httpx.DecodingError("the answer is longer than any of Loopgraph")
        return answer.status_code, body


def _line(text: str) -> str:
    """A text of others as a part of one line."""
    return " ".join(text.split())[:_LONGEST]
