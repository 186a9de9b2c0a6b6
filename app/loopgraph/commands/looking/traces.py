"""``loopgraph traces list``, ``show`` and ``tail``: what was recorded, as a running service tells it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Annotated, Any, Final

import typer

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.asking import authorization, why_no_answer
from loopgraph.commands.exit_codes import ExitCode
from loopgraph.commands.looking.options import Asked, First, lasted, moment_of
from loopgraph.commands.service_options import TokenEnv, Url
from loopgraph.commands.tables import Column, print_table
from loopgraph.commands.terminal import err, out, plainly, shown
from loopgraph.contracts.counted import counted
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.errors import SetupError

_PAGE: Final = """query ($first: Int!, $filter: TraceFilterInput) {
  traces(first: $first, filter: $filter) {
    edges { node {
      correlationId sessionId project agent agentType status startedAt completedAt durationMs totalSteps errorMessage promptText
    } }
  }
}"""
_ONE: Final = """query ($id: ID!, $after: String) {
  trace(correlationId: $id) {
    correlationId sessionId project agent status startedAt completedAt durationMs promptText errorMessage errorType missing
    treeTotals { subagents steps failedSteps endpointCalls inputTokens outputTokens costUsd }
    waterfall(first: 500, after: $after) {
      pageInfo { hasNextPage endCursor }
      edges { node { spanId kind name depth startOffsetMs durationMs selfMs critical status } }
    }
  }
}"""
_FOLLOW: Final = """subscription ($filter: TraceUpdateFilterInput, $after: String) {
  traceUpdates(filter: $filter, after: $after) {
    cursor part kind executionId missed correlationId
    trace { correlationId sessionId agent status durationMs totalSteps }
  }
}"""

_PROMPT: Final = 60
_LONGEST_PAUSE_S: Final = 10.0

_Status = Annotated[list[TraceStatus] | None, typer.Option(help="Only traces that are so; may be given several times.")]
_Session = Annotated[str | None, typer.Option(help="Only traces of this session.")]
_Agent = Annotated[str | None, typer.Option(help="Only traces of this agent.")]


@plainly
def list_traces(
    first: First = 20,
    session: _Session = None,
    status: _Status = None,
    agent: _Agent = None,
    project: Annotated[str | None, typer.Option(help="Only traces of this project.")] = None,
    text: Annotated[str | None, typer.Option(help="Only traces in whose prompt or error this stands.")] = None,
    as_json: AsJson = False,
    url: Url = None,
    token_env: TokenEnv = None,
) -> None:
    """List traces, the newest first."""
    filter_ = (
        _filter(session, status, agent) | ({"project": project} if project else {}) | ({"text": text} if text else {})
    )
    page = Asked(url, token_env).read(_PAGE, first=first, filter=filter_)
    found = [edge["node"] for edge in page["edges"]]
    if as_json:
        print_json(found)
    elif not found:
        out.print("there are no such traces")
    else:
        failed = any(one["errorMessage"] for one in found)
        errors = [Column("error", [_short(one["errorMessage"]) for one in found], rank=5, left=True)] if failed else []
        print_table(
            out,
            [
                Column("trace", [shown(one["correlationId"]) for one in found], left=True),
                Column(
                    "began", [moment_of(one["startedAt"] or one["completedAt"]) for one in found], rank=3, left=True
                ),
                Column("status", [one["status"].lower() for one in found], left=True),
                Column("took", [lasted(one["durationMs"]) for one in found], rank=1),
                Column("steps", [str(one["totalSteps"]) for one in found], rank=2),
                Column("agent", [shown(one["agent"] or one["agentType"] or "") for one in found], rank=4, left=True),
                Column("prompt", [_short(one["promptText"]) for one in found], rank=5, left=True),
                *errors,
            ],
        )


@plainly
def show_trace(
    trace: Annotated[str, typer.Argument(metavar="TRACE", help="Its correlation id, or its OpenTelemetry trace id.")],
    as_json: AsJson = False,
    url: Url = None,
    token_env: TokenEnv = None,
) -> None:
    """Show a trace with all that is under it: what it did, when and how long, and how it ended."""
    asked = Asked(url, token_env)
    found = asked.read(_ONE, id=trace, after=None)
    if found is None:
        raise SetupError(f"there is no trace {trace!r} at {asked.address}")
    page, rows = found.pop("waterfall"), list[Any]()
    while True:
        rows += [edge["node"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        page = asked.read(_ONE, id=trace, after=page["pageInfo"]["endCursor"])["waterfall"]
    if as_json:
        print_json(found | {"steps": rows})
        return
    _print_head(found)
    for row in rows:
        mark = {"ERROR": "✗", "TIMEOUT": "✗"}.get(row["status"], "▸" if row["critical"] else " ")
        begun = row["startOffsetMs"]
        offset = "" if begun is None else f"{'-' if begun < 0 else '+'}{lasted(abs(begun))}"
        name = f"{'  ' * row['depth']}{shown(row['name'])}"
        out.print(f"{mark} {offset:>11}  {lasted(row['durationMs']):>10}  {name}", markup=False)


def _print_head(found: dict[str, Any]) -> None:
    took = lasted(found["durationMs"])
    out.print(f"{shown(found['correlationId'])}: {found['status'].lower()}{f', {took}' if took else ''}", markup=False)
    totals = found["treeTotals"]
    told = {
        "session": found["sessionId"],
        "project": found["project"],
        "agent": found["agent"],
        "began": moment_of(found["startedAt"]),
        "prompt": _short(found["promptText"], 200),
        "error": found["errorMessage"] and f"{found['errorType'] or 'error'}: {found['errorMessage']}",
        "in all": f"{counted(totals['steps'], 'step')}, {totals['failedSteps']:,} of them failed, "
        f"{counted(totals['subagents'], 'subagent')}, {counted(totals['endpointCalls'], 'call')}",
        "tokens": None
        if totals["inputTokens"] is None
        else f"{totals['inputTokens']:,} in, {totals['outputTokens'] or 0:,} out"
        + ("" if totals["costUsd"] is None else f", {totals['costUsd']:.4f} USD"),
    }
    for name, value in told.items():
        if value:
            out.print(f"  {name:<8} {shown(value)}", markup=False)
    for missing in found["missing"]:
        out.print(f"  missing  {shown(missing)}", markup=False)


@plainly
def tail_traces(
    session: _Session = None,
    status: _Status = None,
    agent: _Agent = None,
    most: Annotated[int | None, typer.Option("--most", min=1, help="End after so many.")] = None,
    as_json: AsJson = False,
    url: Url = None,
    token_env: TokenEnv = None,
) -> None:
    """Print what is recorded for traces as it is recorded, until Ctrl-C.

    Where the connection is lost it goes on after the last one that was told, as soon as the service is there again.
    """
    asked, told = Asked(url, token_env), 0
    try:
        for update in _updates(asked, _filter(session, status, agent)):
            if as_json:
                print_json(update, line=True)
            else:
                if update["missed"]:
                    err.print(f"… {update['missed']:,} before were not told", markup=False)
                _print_update(update)
            told += 1
            if told == most:
                return
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def _print_update(update: dict[str, Any]) -> None:
    trace = update["trace"]
    at = time.strftime("%H:%M:%S")
    what = f"{update['part'].lower()} {shown(update['kind'])}"
    out.print(f"{at}  {shown(update['correlationId'])}  {trace['status'].lower():<11}  {what}", markup=False)


def _updates(asked: Asked, filter_: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Updates without an end. Raises SetupError where the first connection does not come about, or what is asked is refused."""
    import httpx

    after, begun, pause_s = None, False, 0.5
    headers = {"accept": "text/event-stream", **authorization(asked.token)}
    with httpx.Client(trust_env=False, timeout=httpx.Timeout(10, read=None)) as client:
        while True:
            body = {"query": _FOLLOW, "variables": {"filter": filter_, "after": after}}
            try:
                with client.stream("POST", f"{asked.address}/graphql", json=body, headers=headers) as answer:
                    if answer.status_code not in (200, 503):
                        answer.read()
                        raise SetupError(
                            f"the service at {asked.address} answers {answer.status_code}: {answer.text[:300]}"
                        )
                    for update in _events(answer.iter_lines(), asked.address):
                        begun, pause_s, after = True, 0.5, update["cursor"]
                        yield update
            except httpx.HTTPError as error:
                if not begun:
                    raise SetupError(
                        f"the service at {asked.address} does not answer: {why_no_answer(error)}"
                    ) from error
            begun = True
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def _events(lines: Iterator[str], address: str) -> Iterator[dict[str, Any]]:
    """The updates of a stream of server-sent events; it ends where the service stops. Raises SetupError for a refusal."""
    for line in lines:
        name, _, value = line.partition(": ")
        if name != "data" or not value:
            continue
        answer = json.loads(value)
        errors = answer.get("errors") or ()
        if errors and (errors[0].get("extensions") or {}).get("code") in ("SHUTTING_DOWN", "GRAPH_UNAVAILABLE"):
            return
        if errors:
            raise SetupError(f"the service at {address} does not do it: {errors[0].get('message')}")
        if answer.get("data"):
            yield answer["data"]["traceUpdates"]


def _filter(session: str | None, status: list[TraceStatus] | None, agent: str | None) -> dict[str, Any]:
    given = {"sessionId": session, "agent": agent, "status": [one.name for one in status or ()] or None}
    return {name: value for name, value in given.items() if value is not None}


def _short(text: str | None, most: int = _PROMPT) -> str:
    line = " ".join((text or "").split())
    return shown(line if len(line) <= most else f"{line[: most - 1]}…")
