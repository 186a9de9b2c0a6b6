"""``loopgraph rate``: what one thinks of what an agent has just done, told to the service."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import uuid4

import typer

from loopgraph.clients.address import service_url
from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.asking import ask
from loopgraph.commands.projects import project_named
from loopgraph.commands.service_options import TokenEnv, Url, token_option
from loopgraph.commands.terminal import out, plainly
from loopgraph.computes.privacy.quoting import plain
from loopgraph.errors import InvalidInput, SetupError

_LAST: Final = """query ($filter: TraceFilterInput!) {
  traces(first: 1, filter: $filter) { edges { node { correlationId promptText } } }
}"""
_ONE: Final = "query ($id: ID!) { trace(correlationId: $id) { correlationId promptText } }"
_SUBMIT: Final = """mutation ($input: SubmitFeedbackInput!) {
  submitFeedback(input: $input) {
    __typename
    ... on FeedbackPayload { feedback { feedbackId sentiment sentimentSource } }
    ... on Error { message }
  }
}"""
_SHOWN: Final = 60


@plainly
def rate(
    trace: Annotated[
        str | None, typer.Argument(help="Correlation id; default: the last prompt in the current folder.")
    ] = None,
    rating: Annotated[int | None, typer.Option("--rating", "-r", min=1, max=5, help="1 (worst) to 5 (best).")] = None,
    comment: Annotated[str | None, typer.Option("--comment", "-c", help="In your own words.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A tag; may be given several times.")] = None,
    session: Annotated[str | None, typer.Option(help="The last prompt of this session instead.")] = None,
    project: Annotated[
        str | None, typer.Option(help="The last prompt of this project instead: a folder, or a name.")
    ] = None,
    url: Url = None,
    token_env: TokenEnv = None,
    as_json: AsJson = False,
) -> None:
    """Rate the last prompt that an agent worked on in this folder, or another one.

    What the agent used for it, its skills and commands, is rated with it.
    """
    given = {"rating": rating, "comment": comment, "tags": tag}
    said = {name: value for name, value in given.items() if value}
    if not said:
        raise InvalidInput("--rating", "or --comment or --tag is needed: say something")
    if sum(one is not None for one in (trace, session, project)) > 1:
        raise InvalidInput("--session", "is one way to say which prompt is meant, a trace and --project are others")
    address = (url or service_url(os.environ)).rstrip("/")
    service = _Service(address, token_option(token_env))
    meant = _named(service, trace) if trace is not None else _last(service, session, project)
    told = {"correlationId": meant["correlationId"], "feedbackId": str(uuid4()), **said}
    answer = service.submit(told)
    if answer["__typename"] != "FeedbackPayload":
        raise InvalidInput("feedback", answer["message"])
    if as_json:
        print_json({"correlationId": meant["correlationId"], "promptText": meant["promptText"], **answer["feedback"]})
        return
    asked = plain(meant["promptText"] or "", _SHOWN)
    shown = f" “{asked}”" if asked else ""
    stars = f" {rating} of 5" if rating else ""
    out.print(f"rated{stars}: {meant['correlationId']}{shown}", markup=False, soft_wrap=True)
    if answer["feedback"]["sentimentSource"] == "COMMENT":
        out.print(f"the comment is taken for {answer['feedback']['sentiment'].lower()}", markup=False)


class _Service:
    """The service at an address."""

    def __init__(self, address: str, token: str | None) -> None:
        self.address = address
        self._token = token

    def read(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The data of an answer. Raises SetupError."""
        try:
            return ask(self.address, self._token, query, variables)
        except SetupError as error:
            raise SetupError(f"nothing was rated: {error}") from error

    def submit(self, feedback: Mapping[str, Any]) -> dict[str, Any]:
        """What became of feedback, which has an id and so may be sent again. Raises SetupError."""
        try:
            answer: dict[str, Any] = ask(self.address, self._token, _SUBMIT, {"input": feedback}, tries=2)[
                "submitFeedback"
            ]
        except SetupError as error:
            raise SetupError(f"it is not known whether it is rated: {error}") from error
        return answer


def _named(service: _Service, trace: str) -> dict[str, Any]:
    found: dict[str, Any] | None = service.read(_ONE, {"id": trace})["trace"]
    if found is None:
        raise SetupError(
            f"there is no trace {trace!r} at {service.address}: `loopgraph rate` without one takes the last prompt here"
        )
    return found


def _last(service: _Service, session: str | None, project: str | None) -> dict[str, Any]:
    where = {"sessionId": session} if session is not None else {"project": project_named(project or ".")}
    edges = service.read(_LAST, {"filter": {**where, "rootsOnly": True, "source": "user_prompt"}})["traces"]["edges"]
    if not edges:
        [(_, value)] = where.items()
        of = f"the session {value!r}" if session is not None else value
        raise SetupError(f"no prompt of {of} is known at {service.address}: name a trace, --session or --project")
    found: dict[str, Any] = edges[0]["node"]
    return found
