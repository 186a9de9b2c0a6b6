"""Who calls, by whatever they show: a token, a JWT of the identity provider, or the session of a browser."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from loopgraph.contracts.access import SignIn
from loopgraph.contracts.base import Principal
from loopgraph.contracts.identity import SigningIn
from loopgraph.effects.access.sign_ins import PREFIX, Found, SignIns
from loopgraph.effects.access.tokens import PREFIX as TOKEN
from loopgraph.effects.access.tokens import digest_of
from loopgraph.effects.clock import now
from loopgraph.errors import Unauthenticated
from loopgraph.orchestrators.access.identity_provider import IdentityProvider
from loopgraph.orchestrators.access.known_tokens import KnownTokens
from loopgraph.orchestrators.access.remembering import Remembering

logger = logging.getLogger(__name__)

_LONGEST: Final = 200


class Callers:
    """Tells who calls; one for a process. ``provider`` is None where no identity provider is trusted."""

    def __init__(
        self, tokens: KnownTokens, sign_ins: SignIns, lasting: timedelta, provider: IdentityProvider | None = None
    ) -> None:
        self._tokens = tokens
        self._sign_ins = sign_ins
        self._lasting = lasting
        self._known = Remembering[Found](sign_ins.of_secret, digest_of)
        self.provider = provider

    async def by_bearer(self, secret: str, *, without_graph: bool = False) -> Principal:
        """Who shows a token, or a JWT; ``without_graph`` as ``KnownTokens`` has it. Raises Unauthenticated for what is
        neither, or not any more; Forbidden for who is in no group that is anything here; what the graph raises, and
        ProviderUnavailable."""
        if self.provider is None or secret.startswith(TOKEN) or secret.count(".") != 2:
            return (await self._tokens.token(secret, without_graph=without_graph)).principal
        return await self.provider.principal(secret)

    async def by_session(self, secret: str) -> tuple[Principal, SignIn]:
        """Who has signed in, and as what. Raises Unauthenticated for what is no session, or none any more."""
        looks_like_one = secret.startswith(PREFIX) and len(secret) <= _LONGEST
        found = await self._known.about(secret) if looks_like_one else None
        if found is None:
            raise Unauthenticated("nobody is signed in: sign in again")
        if found.sign_in.expires_at <= now():
            raise Unauthenticated(f"the sign-in of {found.sign_in.name} is over: sign in again")
        if found.sign_in.token_id is None:
            if self.provider is None or found.sign_in.issuer != self.provider.issuer:
                raise Unauthenticated("who vouched for this sign-in is not trusted any more: sign in again")
            if found.sign_in.rules != self.provider.rules:
                raise Unauthenticated("the settings say anew who may do what: sign in again")
            return found.sign_in.principal, found.sign_in
        if found.token is None:
            raise Unauthenticated("the token of this sign-in is gone: sign in again")
        self._tokens.used(found.token)
        return found.token.principal, found.sign_in

    async def sign_in(self, secret: str) -> tuple[SignIn, str]:
        """A session of who shows a token, and the secret of that. Raises Unauthenticated as ``by_bearer`` does."""
        token = await self._tokens.token(secret)
        sign_in, kept = await self._sign_ins.begin_by_token(token, now() + self._lasting)
        logger.info("%s signed in by the token %s", sign_in.name, token.token_id)
        return sign_in, kept

    async def sign_in_by_code(self, code: str, begun: SigningIn, redirect_uri: str) -> tuple[SignIn, str]:
        """A session of who has signed in at the provider, and the secret of that. Raises what ``IdentityProvider`` raises."""
        if self.provider is None:
            raise Unauthenticated("no identity provider is trusted here")
        principal = await self.provider.signed_in(code, begun, redirect_uri)
        until = now() + self._lasting
        sign_in, kept = await self._sign_ins.begin_by_provider(
            principal, self.provider.issuer, self.provider.rules, until
        )
        logger.info("%s signed in by %s", sign_in.name, self.provider.issuer)
        return sign_in, kept

    async def sign_out(self, secret: str) -> None:
        """Ends a session; every process refuses it within seconds, this one at once."""
        await self._sign_ins.end(secret)
        self._known.forget(secret)
