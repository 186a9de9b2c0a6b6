"""Sign-ins to the console, in the graph: every process on it knows them, and they survive a restart.

Of the secret that a browser keeps, its SHA-256 is stored and nothing else, as of tokens.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, Final, NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.access import AccessToken, SignIn
from loopgraph.contracts.base import Principal
from loopgraph.effects.access.tokens import digest_of, token_of
from loopgraph.effects.clock import new_id, now, time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Transaction

_CREATE = query("access/create_sign_in")
_BY_HASH = query("access/sign_in_by_hash")
_END = query("access/end_sign_in")
_FORGET = query("access/forget_sign_ins")

PREFIX: Final = "lgs_"
"""How every secret begins."""

_FORGOTTEN: Final = 100
"""So many that have ended are forgotten whenever another one begins."""


class Found(NamedTuple):
    """A sign-in, and the token by which it was made, as that is now; None for one that a provider vouched for."""

    sign_in: SignIn
    token: AccessToken | None


class SignIns:
    """Reads and writes sign-ins."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def begin_by_token(self, token: AccessToken, until: datetime) -> tuple[SignIn, str]:
        """A new sign-in of who has shown this token, and its secret; it ends with the token, or before."""
        until = until if token.expires_at is None else min(until, token.expires_at)
        return await self._begin(token.principal, until, token_id=token.token_id)

    async def begin_by_provider(
        self, principal: Principal, issuer: str, rules: str, until: datetime
    ) -> tuple[SignIn, str]:
        """A new sign-in of somebody whom a provider vouches for, by these rules, and its secret."""
        return await self._begin(principal, until, issuer=issuer, rules=rules)

    async def _begin(self, principal: Principal, until: datetime, **by: str) -> tuple[SignIn, str]:
        at, secret = now(), PREFIX + secrets.token_urlsafe(32)
        sign_in = SignIn(
            sign_in_id=new_id(),
            name=principal.subject,
            roles=principal.roles,
            projects=principal.projects,
            created_at=at,
            expires_at=until,
            **by,
        )
        stored = {**dict(sign_in), "roles": list(sign_in.roles), "projects": list(sign_in.projects)}
        properties = {name: value for name, value in stored.items() if value is not None}
        properties |= {"secret_hash": digest_of(secret), "end_key": time_key(until, sign_in.sign_in_id)}

        async def work(tx: Transaction) -> None:
            await tx.run(_FORGET, before=time_key(at, ""), limit=_FORGOTTEN)
            await tx.run(_CREATE, properties=properties)

        await self._graph.transaction(work)
        return sign_in, secret

    async def of_secret(self, secret: str) -> Found | None:
        """The sign-in of a secret, whether it still holds or not; None if there is none."""
        rows = await self._graph.read(_BY_HASH, secret_hash=digest_of(secret))
        return next((_found(row) for row in rows), None)

    async def end(self, secret: str) -> None:
        """Ends a sign-in; where there is none, nothing."""
        await self._graph.write(_END, secret_hash=digest_of(secret))


def _found(row: dict[str, Any]) -> Found:
    properties, token = row["sign_in"], row["token"]
    fields = {name: value for name, value in properties.items() if name in SignIn.model_fields}
    return Found(SignIn(**fields), None if token is None else token_of(token))
