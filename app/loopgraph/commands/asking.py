"""What commands that work beside a running service ask it, by GraphQL."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from typing import Any

from loopgraph.commands.terminal import waiting_for
from loopgraph.errors import InvalidSetting, SetupError


def authorization(token: str | None) -> dict[str, str]:
    """The header that shows a token. Raises InvalidSetting for a text that no header holds, without showing it."""
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        raise InvalidSetting(
            "the token must be one word of letters and digits, such as `loopgraph tokens create` prints"
        )
    return {"authorization": f"Bearer {token}"} if token else {}


def ask(
    address: str,
    token: str | None,
    query: str,
    variables: Mapping[str, Any],
    *,
    timeout_s: float = 30,
    tries: int = 1,
) -> dict[str, Any]:
    """The data of an answer. Where none comes it is asked again, ``tries`` times in all: only for what may be asked twice.

    After some seconds it says on standard error what is waited for. Raises SetupError for no answer, or one with errors.
    """
    import httpx

    body = {"query": query, "variables": variables}
    headers = authorization(token)
    with waiting_for(f"the service at {address}, which has not answered yet"):
        for left in reversed(range(tries)):
            try:
                answer = httpx.post(
                    f"{address}/graphql", json=body, headers=headers, timeout=timeout_s, trust_env=False
                )
                break
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                if not left:
                    raise SetupError(f"the service at {address} does not answer: {why_no_answer(error)}") from error
    try:
        found = answer.json()
    except ValueError as error:
        raise SetupError(f"{address} answers {answer.status_code}, and not as loopgraph does") from error
    errors = found.get("errors") if isinstance(found, dict) else None
    data = found.get("data") if isinstance(found, dict) else None
    if errors or not isinstance(data, dict):
        refusal = found.get("error") if isinstance(found, dict) else None
        said = errors[0] if errors else refusal if isinstance(refusal, dict) else {}
        why = said.get("message") or f"it answers {answer.status_code}"
        if said.get("code") == "UNAUTHENTICATED":
            why += "; commands take it from LOOPGRAPH_TOKEN, or from the file that LOOPGRAPH_TOKEN_FILE names"
        raise SetupError(f"the service at {address} does not do it: {why}")
    return data


def why_no_answer(error: Exception) -> str:
    """Why a request had no answer, in words that are not those of a library."""
    import httpx

    found: BaseException | None = error
    while found is not None:
        match found:
            case ConnectionRefusedError():
                return "nothing listens there; `loopgraph serve` starts one"
            case socket.gaierror():
                return "no machine is known by that name"
            case ssl.SSLCertVerificationError():
                return "its certificate is not one that is trusted here"
            case ssl.SSLError():
                return "it does not speak https; write http"
            case ConnectionResetError() | BrokenPipeError():
                return "it has hung up"
            case OSError() if found.strerror:
                return found.strerror
        found = found.__cause__ or found.__context__
    match error:
        case httpx.TimeoutException():
            return "it takes too long"
        case httpx.RemoteProtocolError():
            return "it has hung up, or is no HTTP service"
    return str(error) or type(error).__name__
