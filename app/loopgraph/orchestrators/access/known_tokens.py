"""Which token a secret is of, whether it still is one, and that it was used."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from datetime import datetime
from typing import Final

from loopgraph.contracts.access import AccessToken
from loopgraph.effects.access.tokens import NOTED_EVERY, PREFIX, Tokens, digest_of
from loopgraph.effects.clock import now
from loopgraph.errors import GraphUnavailable, LoopgraphError, ServiceError, Unauthenticated
from loopgraph.orchestrators.access.remembering import Remembering

logger = logging.getLogger(__name__)

PATIENCE_S: Final = 1.0
"""So long the graph is waited for by who is told without it, too."""

VOUCHED_S: Final = 3_600.0
"""So long a token that the graph has vouched for is one without it, for what is told without it."""

_MOST: Final = 1_000
_LONGEST: Final = 200


class KnownTokens:
    """Tells who shows a token; one for a process."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._known = Remembering(tokens.of_secret, digest_of)
        self._noted: OrderedDict[str, datetime] = OrderedDict()
        self._noting: set[asyncio.Task[None]] = set()

    async def token(self, secret: str, *, without_graph: bool = False) -> AccessToken:
        """The token of this secret; ``without_graph``, while that does not answer, also one that it has vouched for within the
        last hour. Raises Unauthenticated for what is no token, or none any more; what the graph raises."""
        looks_like_one = secret.startswith(PREFIX) and len(secret) <= _LONGEST
        ask = self._though_it_is_away if without_graph else self._known.about
        token = await ask(secret) if looks_like_one else None
        if token is None:
            raise Unauthenticated("this is no token of this service")
        self.used(token)
        return token

    async def _though_it_is_away(self, secret: str) -> AccessToken | None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._known.about(secret)
        except (ServiceError, TimeoutError):
            if (token := self._known.last(secret, VOUCHED_S)) is not None:
                return token
            raise GraphUnavailable(
                "the graph does not answer, and has not vouched for this token within an hour"
            ) from None

    def used(self, token: AccessToken) -> None:
        """Somebody acts by this token. Raises Unauthenticated if it is none any more."""
        at = now()
        if token.revoked_at is not None:
            raise Unauthenticated(f"the token of {token.name} was revoked at {token.revoked_at:%Y-%m-%d %H:%M} UTC")
        if token.expires_at is not None and token.expires_at <= at:
            raise Unauthenticated(f"the token of {token.name} expired at {token.expires_at:%Y-%m-%d %H:%M} UTC")
        self._note(token, at)

    def _note(self, token: AccessToken, at: datetime) -> None:
        """Has it noted that a token is used: beside the request, which does not wait for it and does not fail with it."""
        last = max(filter(None, (token.last_used_at, self._noted.get(token.token_id))), default=None)
        if last is not None and at - last < NOTED_EVERY:
            return
        self._noted[token.token_id] = at
        self._noted.move_to_end(token.token_id)
        while len(self._noted) > _MOST:
            self._noted.popitem(last=False)
        task = asyncio.create_task(self._noted_use(token.token_id, at))
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)

    async def _noted_use(self, token_id: str, at: datetime) -> None:
        try:
            await self._tokens.note_use(token_id, at)
        except LoopgraphError as error:
            logger.info("it is not noted that the token %s was used: %s", token_id, error)
