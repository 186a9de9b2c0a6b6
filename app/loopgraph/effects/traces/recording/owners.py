"""Whose what is recorded is, and into what somebody may record.

What a principal records first is its own (``owner``), and stays so; it is shared in the one of the principal's projects that the
work's own project or folder names (``shared_in``). A person records into nothing that is not its own: else whatever ties reports
together would tie what others recorded to it. A service records on behalf of others, and an operator mends: both may.

A trace that is there only because something names it is ``unclaimed``, until somebody reports of itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.access import ADMIN, Action, Role, is_person
from loopgraph.contracts.base import Principal, owner_key, project_key
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.effects.traces.recording.folding import Batch
from loopgraph.effects.traces.recording.joining import Properties
from loopgraph.effects.traces.recording.nodes import Nodes, Piece
from loopgraph.errors import Forbidden, UserError

_OWNERS = query("traces/owners")
_PROJECTS_OF_SESSIONS = query("traces/projects_of_sessions")
_OWN_SESSIONS = query("traces/own_sessions")
_OWN_IN_SESSIONS = query("traces/own_in_sessions")
_SHARE_WITH_SESSIONS = query("traces/share_with_sessions")

_ALSO_IDS: Final = frozenset(
    {"loaded_for", "spawned_by", "continues", "continued_from", "prompt_of", "agent_of", "agent_trace"}
)
"""Fields that hold ids beside those whose names end so."""


def recorded_by(sender: Principal | None) -> str | None:
    """The ``owner`` of what a principal records; None where nobody is told apart."""
    return None if sender is None or ADMIN in sender.roles else owner_key(sender.subject)


class Claims(NamedTuple):
    """What a transaction makes somebody's: the sender, the ids that its events name, and those of them that were there before."""

    sender: Principal
    owner: str
    asked: frozenset[str]
    there: frozenset[str]
    sessions: frozenset[str]

    def are_new(self, id_: str, before: Properties) -> bool:
        """Whether something is made by this transaction, whichever step of it has made it."""
        return not before or (id_ in self.asked and id_ not in self.there)


async def admitted(
    tx: Transaction, pieces: Sequence[Piece | UserError], sender: Principal | None
) -> tuple[list[Piece | UserError], Claims | None]:
    """The pieces; in the place of those that would change what others recorded, a Forbidden that says so. And what there is to
    be claimed; None where nobody is told apart."""
    owner = recorded_by(sender)
    if owner is None or sender is None:
        return [*pieces], None
    named = [_ids(item) if isinstance(item, Piece) else frozenset[str]() for item in pieces]
    asked = frozenset[str]().union(*named)
    rows = await tx.run(_OWNERS, ids=sorted(asked)) if asked else []
    there = frozenset(row["id"] for row in rows)
    others = {
        row["id"]
        for row in (rows if is_person(sender) else ())
        if row["owner"] != owner and not (row["owner"] is None and row["unclaimed"])
    }
    refusal = f"{sender.subject} may not {Action.WRITE_EVENTS} into what others recorded"
    taken = [
        Forbidden(f"{refusal}: {min(ids & others)}") if ids & others else item
        for item, ids in zip(pieces, named, strict=True)
    ]
    sessions = frozenset[str]().union(*(_sessions(item) for item in taken if isinstance(item, Piece)))
    return taken, Claims(sender, owner, asked, there, sessions)


def _ids(item: Piece) -> frozenset[str]:
    """The ids of traces, sessions, steps and calls that a piece names."""
    told: list[Mapping[str, object]] = [item.given, vars(item.event)]
    if item.observation is not None:
        told.append(vars(item.observation))
    return frozenset(
        value
        for each in told
        for name, value in each.items()
        if isinstance(value, str) and value and (name.endswith("_id") or name in _ALSO_IDS)
    )


def _sessions(item: Piece) -> frozenset[str]:
    """The sessions that a piece names."""
    told = (
        item.given.get("session_id"),
        getattr(item.event, "session_id", None),
        getattr(item.event, "agent_of", None),
    )
    prompted = item.observation.prompt_of if item.observation else None
    return frozenset(id_ for id_ in (*told, prompted) if isinstance(id_, str))


async def own(tx: Transaction, batch: Batch, claims: Claims | None, stubs: list[Properties]) -> list[Properties]:
    """Makes what is new in a batch the sender's, and the stubs, which are returned: as far as they are told of."""
    if claims is None:
        return stubs
    sender, owner = claims.sender, claims.owner
    session_ids = sorted({id_ for _, trace in batch.traces.pairs() if (id_ := trace.get("session_id"))})
    shared: dict[str, str] = {}
    if session_ids and sender.projects:
        rows = await tx.run(_PROJECTS_OF_SESSIONS, session_ids=session_ids)
        shared = {row["session_id"]: row["shared_in"] for row in rows if row["owner"] == owner}
    for before, session in [*batch.sessions.pairs()]:
        of_session = _shared_in(sender, session.get("project"), session.get("cwd"))
        found = _claimed(batch.sessions, before, session, claims, of_session)
        if found.get("owner") == owner and found.get("shared_in"):
            shared[found["session_id"]] = found["shared_in"]
    for before, trace in [*batch.traces.pairs()]:
        of_session = None if trace.get("project") else shared.get(trace.get("session_id") or "")
        _claimed(batch.traces, before, trace, claims, of_session or _shared_in(sender, trace.get("project")))
    for nodes in (batch.logs, batch.points):
        for before, node in [*nodes.pairs()]:
            place = batch.traces.get(node.get("correlation_id") or "") or batch.sessions.get(
                node.get("session_id") or ""
            )
            of_place = place.get("shared_in") if place and place.get("owner") == owner else None
            _claimed(nodes, before, node, claims, of_place or _shared_in(sender))
    filled = {*batch.filled_traces()}
    return [
        {**stub, "owner": owner, "shared_in": _shared_in(sender)}
        if is_person(sender) and stub["correlation_id"] in filled
        else {**stub, "unclaimed": True}
        for stub in stubs
    ]


async def settle(tx: Transaction, batch: Batch, claims: Claims | None) -> None:
    """Makes what the transaction has made beside the batch the sender's, and shares the traces of sessions of which it has just
    become known in which project they are."""
    if claims is None:
        return
    owner, person = claims.owner, is_person(claims.sender)
    if made := sorted(claims.sessions if person else claims.sessions - claims.there):
        told = {"owner": owner, "unclaimed": None} if person else {"owner": None, "unclaimed": True}
        await tx.run(_OWN_SESSIONS, session_ids=made, **told)
    if claims.sessions:
        await tx.run(_OWN_IN_SESSIONS, session_ids=sorted(claims.sessions), owner=owner)
    ids = sorted(
        after["session_id"]
        for before, after in batch.sessions.pairs()
        if after.get("shared_in") and not before.get("shared_in")
    )
    if ids:
        await tx.run(_SHARE_WITH_SESSIONS, session_ids=ids)


def _claimed(nodes: Nodes, before: Properties, node: Properties, claims: Claims, shared_in: str | None) -> Properties:
    """A node, which is the sender's if it is new or nobody's yet, and is shared if it is the sender's."""
    is_new = claims.are_new(node[nodes.key], before)
    if (is_new or before.get("unclaimed")) and before.get("owner") is None:
        told: Properties = {"owner": claims.owner}
        if shared_in and not node.get("shared_in"):
            told["shared_in"] = shared_in
        if before.get("unclaimed"):
            told["unclaimed"] = None
        node = {**node, **told}
        nodes.put(node)
    elif before.get("owner") == claims.owner and shared_in and not before.get("shared_in"):
        node = {**node, "shared_in": shared_in}
        nodes.put(node)
    return node


def _shared_in(sender: Principal, *names: str | None) -> str | None:
    """The key of the project of the sender's that one of these names, or the last part of one, is.

    Where nothing names a project, the only one of a service is meant: a person has work of its own beside that of the project.
    """
    said = [name for name in names if name]
    for name in said:
        for project in sender.projects:
            if project in (name, *_last_part(name)):
                return project_key(project)
    if not said and len(sender.projects) == 1 and Role.SERVICE.value in sender.roles:
        return project_key(sender.projects[0])
    return None


def _last_part(path: str) -> Iterator[str]:
    parts = [part for part in re.split(r"[/\\]", path) if part]
    yield from parts[-1:]
