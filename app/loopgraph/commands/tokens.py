"""``loopgraph tokens …``: who may use a service that tells its callers apart (``LOOPGRAPH_ACCESS=tokens``).

They speak to the graph and not to the service: whoever may read its files, or knows its password, says who else may come in.
"""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from pydantic import ValidationError

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.graph_option import graph_settings
from loopgraph.commands.terminal import configure_logging, err, out, plainly, shown
from loopgraph.contracts.access import ACTIONS, AccessToken, Action, NewToken, Role
from loopgraph.contracts.audit import ActorType, Origin
from loopgraph.contracts.counted import counted
from loopgraph.errors import InvalidInput

if TYPE_CHECKING:
    from loopgraph.effects.access.tokens import Tokens

T = TypeVar("T")

tokens = typer.Typer(no_args_is_help=True, help="Make, list and revoke the tokens that a service takes.")

_GraphUrl = Annotated[str | None, typer.Option(help="Graph to use; default LOOPGRAPH_GRAPH_URL.")]
_DAYS = 90


@tokens.command()
@plainly
def create(
    name: Annotated[
        str, typer.Argument(help="Whom it stands for: a person or a service. Tokens of one name see the same.")
    ],
    role: Annotated[Role, typer.Option(help="What its holder is.")] = Role.MEMBER,
    project: Annotated[
        list[str] | None, typer.Option(help="A project that is shared with its holder; may be given several times.")
    ] = None,
    action: Annotated[
        list[str] | None,
        typer.Option(help="Keep it to this action of its role, such as 'write events'; may be given several times."),
    ] = None,
    days: Annotated[int, typer.Option(min=0, max=3_650, help="After so many days it expires; 0 for never.")] = _DAYS,
    as_json: AsJson = False,
    graph_url: _GraphUrl = None,
) -> None:
    """Make a token, and print its secret: once, on standard output. Nothing keeps it."""
    expires_at = datetime.now(UTC) + timedelta(days=days) if days else None
    actions = None if not action else tuple(_action(one, role) for one in action)
    try:
        new = NewToken(name=name, role=role, projects=tuple(project or ()), actions=actions, expires_at=expires_at)
    except ValidationError as error:
        from loopgraph.api.errors import invalid_input

        wrong = invalid_input(error, NewToken)
        field = {"projects": "--project"}.get(wrong.field.partition(".")[0], "NAME")
        raise InvalidInput(field, wrong.problem) from error
    token, secret = _run(graph_url, lambda store: store.create(new, _origin()))
    if as_json:
        print_json({**_told(token), "secret": secret})
        return
    until = f"until {token.expires_at:%Y-%m-%d}" if token.expires_at else "until it is revoked"
    err.print(
        f"{token.token_id} stands for {shown(token.name)}, {token.role}, {until}. It is shown once:", markup=False
    )
    out.print(secret, markup=False)


@tokens.command("list")
@plainly
def list_(as_json: AsJson = False, graph_url: _GraphUrl = None) -> None:
    """List the tokens, without their secrets, which nobody knows."""
    found = _run(graph_url, lambda store: store.all())
    if as_json:
        print_json([_told(token) for token in found])
        return
    for line in _lines([_COLUMNS, *map(_row, found)] if found else []):
        out.print(line, markup=False)
    out.print(counted(len(found), "token"))


@tokens.command()
@plainly
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="Id as `list` shows it.")],
    as_json: AsJson = False,
    graph_url: _GraphUrl = None,
) -> None:
    """Revoke a token: every process refuses it within seconds. It cannot be taken back."""
    token = _run(graph_url, lambda store: store.revoke(token_id, _origin()))
    if as_json:
        print_json(_told(token))
    else:
        out.print(f"revoked {token.token_id}, which stood for {shown(token.name)}", markup=False)


_COLUMNS = ("id", "name", "role", "projects", "actions", "created", "expires", "last used", "state")


def _row(token: AccessToken) -> tuple[str, ...]:
    actions = "all" if token.actions is None else ", ".join(token.actions)
    days = (_day(token.created_at), _day(token.expires_at), _minute(token.last_used_at))
    projects = ", ".join(map(shown, token.projects)) or "-"
    return (token.token_id, shown(token.name), token.role, projects, actions, *days, _state(token))


def _lines(rows: list[tuple[str, ...]]) -> list[str]:
    """Rows in columns, which are as wide as they have to be: what is cut off could not be copied."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _action(text: str, role: Role) -> Action:
    allowed = [action.value for action in Action if action in ACTIONS[role]]
    if text not in allowed:
        raise InvalidInput("--action", f"must be one of those of a {role}: {', '.join(allowed)}")
    return Action(text)


def _run(graph_url: str | None, work: Callable[[Tokens], Awaitable[T]]) -> T:
    settings = graph_settings(graph_url)
    configure_logging("warning")

    async def run() -> T:
        from loopgraph.effects.access.tokens import Tokens
        from loopgraph.main import open_services

        async with open_services(settings) as services:
            return await work(Tokens(services.graph))

    return asyncio.run(run())


def _origin() -> Origin:
    """Who makes or revokes it: the user of this machine."""
    return Origin(actor_type=ActorType.USER, actor_id=f"{getpass.getuser()} by loopgraph tokens")


def _told(token: AccessToken) -> dict[str, Any]:
    return {**token.model_dump(mode="json"), "state": _state(token)}


def _state(token: AccessToken) -> str:
    if token.revoked_at is not None:
        return "revoked"
    return "expired" if token.expires_at is not None and token.expires_at <= datetime.now(UTC) else "good"


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d}" if at else "never"


def _minute(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else "never"
