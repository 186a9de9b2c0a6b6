"""``loopgraph query``: a GraphQL document, asked of a running service."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from loopgraph.commands.as_json import print_json
from loopgraph.commands.asking import authorization, why_no_answer
from loopgraph.commands.exit_codes import ExitCode
from loopgraph.commands.looking.options import Asked
from loopgraph.commands.service_options import TokenEnv, Url
from loopgraph.commands.terminal import err, plainly, waiting_for
from loopgraph.errors import InvalidInput, SetupError


@plainly
def query(
    file: Annotated[str, typer.Argument(metavar="FILE", help="File of the document, or - for standard input.")],
    variable: Annotated[
        list[str] | None,
        typer.Option(
            "--variable", "-v", help="NAME=VALUE; JSON where it is that, else a text. May be given several times."
        ),
    ] = None,
    variables: Annotated[str | None, typer.Option(help="All variables as one JSON object.")] = None,
    operation: Annotated[str | None, typer.Option(help="Which operation, where the document has several.")] = None,
    url: Url = None,
    token_env: TokenEnv = None,
) -> None:
    """Ask a running service a GraphQL document, and print the data as JSON. Its errors go to standard error, with exit code 1."""
    asked = Asked(url, token_env)
    body: dict[str, Any] = {"query": _text(file), "variables": _variables(variables, variable or [])}
    if operation:
        body["operationName"] = operation
    answer = _answered(asked, body)
    if answer.get("data") is not None:
        print_json(answer["data"])
    for error in answer.get("errors") or ():
        place = ".".join(map(str, error.get("path") or ()))
        code = (error.get("extensions") or {}).get("code")
        told = f"{f'{place}: ' if place else ''}{error.get('message')}{f' ({code})' if code else ''}"
        err.print(f"✗ {told}", markup=False, style="red")
    if answer.get("errors"):
        raise typer.Exit(ExitCode.FAILED)


def _answered(asked: Asked, body: dict[str, Any]) -> dict[str, Any]:
    import httpx

    headers = authorization(asked.token)
    with waiting_for(f"the service at {asked.address}, which has not answered yet"):
        try:
            response = httpx.post(f"{asked.address}/graphql", json=body, headers=headers, timeout=60, trust_env=False)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SetupError(f"the service at {asked.address} does not answer: {why_no_answer(error)}") from error
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or not answer.keys() & {"data", "errors"}:
        told = answer.get("error", {}).get("message") if isinstance(answer, dict) else None
        raise SetupError(f"{asked.address} answers {response.status_code}{f': {told}' if told else ''}")
    found: dict[str, Any] = answer
    return found


def _text(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput("FILE", f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _variables(whole: str | None, single: list[str]) -> dict[str, Any]:
    given: Any = {}
    if whole is not None:
        try:
            given = json.loads(whole)
        except ValueError:
            given = None
        if not isinstance(given, dict):
            raise InvalidInput("--variables", 'is no JSON object; write it like \'{"id": "task-4711"}\'')
    found: dict[str, Any] = given
    for text in single:
        name, is_there, value = text.partition("=")
        if not (name and is_there):
            raise InvalidInput("--variable", f"{text!r} has no value; write it like id=task-4711")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found
