"""A service that tells its callers apart, and its callers."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from loopgraph.contracts.access import AccessToken, Action, NewToken, Role
from loopgraph.contracts.audit import ActorType, Origin
from loopgraph.contracts.base import Principal
from loopgraph.effects.access.tokens import Tokens
from loopgraph.effects.graph.client import Graph
from loopgraph.settings import Access, Settings
from support.service import Service, serving
from support.traces import statement
from support.waiting import PATIENCE_S

MAKER = Origin(actor_type=ActorType.USER, actor_id="the maker")


@dataclass(frozen=True)
class Team:
    """A service with ``LOOPGRAPH_ACCESS=tokens``."""

    service: Service

    @property
    def tokens(self) -> Tokens:
        """Its tokens, behind the door."""
        return Tokens(self.service.parts.graph)

    async def token(
        self,
        name: str,
        role: Role = Role.MEMBER,
        projects: Sequence[str] = (),
        actions: Sequence[Action] | None = None,
    ) -> tuple[AccessToken, str]:
        """A new token, and its secret."""
        kept = None if actions is None else tuple(actions)
        return await self.tokens.create(NewToken(name=name, role=role, projects=tuple(projects), actions=kept), MAKER)

    @contextlib.asynccontextmanager
    async def caller(self, name: str, role: Role = Role.MEMBER, projects: Sequence[str] = ()) -> AsyncIterator[Service]:
        """The service as somebody with a new token meets it."""
        _, secret = await self.token(name, role, projects)
        async with self.shown(secret) as service:
            yield service

    @contextlib.asynccontextmanager
    async def shown(self, secret: str) -> AsyncIterator[Service]:
        """The service as who shows this secret meets it; the empty one is not shown."""
        headers: dict[str, str] = {"authorization": f"Bearer {secret}"} if secret else {}
        async with httpx.AsyncClient(
            base_url=self.service.url,
            timeout=PATIENCE_S,
            trust_env=False,
            headers=headers,
            limits=httpx.Limits(max_keepalive_connections=0),  # none that ends while a busy machine has us wait
        ) as client:
            yield Service(self.service.url, client, self.service.parts)


@contextlib.asynccontextmanager
async def team(settings: Settings, **more: Any) -> AsyncIterator[Team]:
    """A service with these settings that wants tokens, until the end of the block."""
    async with serving(settings.model_copy(update={"access": Access.TOKENS, **more})) as service:
        yield Team(service)


def mate(subject: str) -> Principal:
    """Somebody of a team that shares one project, which is what ``owned`` makes of what names no user."""
    return Principal(subject=subject, roles=(Role.MEMBER.value,), projects=("team",))


async def owned(graph: Graph) -> None:
    """What was recorded before as if its users had recorded it, each with a token; what names none is shared in the project of
    the team. For tests of reads, which tell of users and not of senders."""
    for label in ("Trace", "Session"):
        nobodys = f"MATCH (n:{label}) WHERE n.owner IS NULL AND n.shared_in IS NULL AND n.user_id"
        await statement(graph, f"{nobodys} IS NOT NULL SET n.owner = 'by:' + n.user_id")
        await statement(graph, f"{nobodys} IS NULL SET n.shared_in = 'in:team'")
    for label, type_ in (("LogRecord", "LOGGED"), ("MetricPoint", "MEASURED")):
        nobodys = f"(n:{label}) WHERE n.owner IS NULL AND n.shared_in IS NULL"
        told = "SET n.owner = o.owner, n.shared_in = o.shared_in"
        await statement(graph, f"MATCH (o)-[:{type_}]->{nobodys} {told}")
        await statement(graph, f"MATCH {nobodys} SET n.shared_in = 'in:team'")
