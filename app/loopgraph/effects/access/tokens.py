"""Tokens in the graph. Of a secret, its SHA-256 is kept and nothing else.

That is enough for what is 256 random bits: slow hashes protect passwords, which can be guessed, and nobody guesses these. A token
is found by its digest, so how long that takes says nothing of a secret: who tries one does not choose the digest.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any, Final

from loopgraph.assets import query
from loopgraph.contracts.access import AccessToken, NewToken
from loopgraph.contracts.audit import EventType, Origin
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.effects.lineage.audit import make_event, record
from loopgraph.errors import Conflict, InvalidInput, NotFound

_CREATE = query("access/create_token")
_BY_HASH = query("access/token_by_hash")
_ALL = query("access/tokens")
_REVOKE = query("access/revoke_token")
_USE = query("access/use_token")

PREFIX: Final = "lgt_"
"""How every secret begins, so that who searches for leaked ones finds them."""

NOTED_EVERY: Final = timedelta(minutes=1)
"""That a token is used is written so often at most."""

MOST: Final = 10_000
"""So many tokens are listed at most."""


def digest_of(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Tokens:
    """Reads and writes tokens."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def create(self, new: NewToken, origin: Origin) -> tuple[AccessToken, str]:
        """A new token, and its secret, which nobody can be told again. Raises InvalidInput for one that has expired already."""
        at, secret = now(), PREFIX + secrets.token_urlsafe(32)
        if new.expires_at is not None and new.expires_at <= at:
            raise InvalidInput("expires_at", "must be in the future")
        token = AccessToken(token_id=new_id(), created_at=at, created_by=origin.actor_id, **dict(new))
        properties = {**_properties(token), "token_hash": digest_of(secret)}
        event = make_event(EventType.TOKEN_CREATED, origin, data=_told(token))

        async def work(tx: Transaction) -> None:
            await tx.run(_CREATE, properties=properties)
            await record(tx, event)

        await self._graph.transaction(work)
        return token, secret

    async def of_secret(self, secret: str) -> AccessToken | None:
        """The token of a secret, whether it can still be used or not; None if there is none."""
        rows = await self._graph.read(_BY_HASH, token_hash=digest_of(secret))
        return next((token_of(row["token"]) for row in rows), None)

    async def all(self) -> list[AccessToken]:
        """All tokens, the newest first, ``MOST`` at most."""
        return [token_of(row["token"]) for row in await self._graph.read(_ALL, limit=MOST)]

    async def revoke(self, token_id: str, origin: Origin) -> AccessToken:
        """The token, which nobody can use from now on. Raises NotFound, and Conflict for one that was revoked before."""
        at = now()
        event = make_event(EventType.TOKEN_REVOKED, origin, data={"token_id": token_id})

        async def work(tx: Transaction) -> AccessToken:
            rows = await tx.run(_REVOKE, token_id=token_id, turn=event.event_id, at=at)
            if not rows:
                raise NotFound("AccessToken", token_id)
            if rows[0]["token"]["revoked_at"] != at:
                raise Conflict("AccessToken", token_id, "it was revoked before")
            token = token_of(rows[0]["token"])
            await record(tx, event.model_copy(update={"data": _told(token)}))
            return token

        return await self._graph.transaction(work)

    async def note_use(self, token_id: str, at: datetime) -> None:
        """Notes that a token was used, unless that was noted within ``NOTED_EVERY``, by whichever process."""
        await self._graph.write(_USE, token_id=token_id, at=at, since=at - NOTED_EVERY)


def _told(token: AccessToken) -> dict[str, Any]:
    """What the audit trail says of a token."""
    return token.model_dump(mode="json", include={"token_id", "name", "role", "projects", "actions", "expires_at"})


def _properties(token: AccessToken) -> dict[str, Any]:
    actions = None if token.actions is None else [action.value for action in token.actions]
    stored = {**dict(token), "role": token.role.value, "projects": list(token.projects), "actions": actions}
    return {name: value for name, value in stored.items() if value is not None}


def token_of(properties: dict[str, Any]) -> AccessToken:
    """A token as it is kept."""
    return AccessToken(**{name: value for name, value in properties.items() if name in AccessToken.model_fields})
