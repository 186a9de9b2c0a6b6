"""Whom an identity provider vouches for: by a JWT that is shown, or by a sign-in in a browser.

Its keys are remembered, so what they have signed is known whether the provider answers or not. They are asked for anew beside
requests when they are old, and by a request where a JWT names one that is not known: at most once in ``PAUSE_S``, whoever asks.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from loopgraph.computes.access.identity import Header, claims_of, header_of, principal_of
from loopgraph.computes.access.signing_keys import SigningKey, chosen, keys_of
from loopgraph.contracts.base import Principal
from loopgraph.contracts.identity import BrowserClient, Provider, SigningIn, Trust
from loopgraph.effects.access.provider import ProviderCalls
from loopgraph.effects.clock import now
from loopgraph.errors import ProviderUnavailable, Unauthenticated

logger = logging.getLogger(__name__)

PAUSE_S: Final = 5.0
"""Keys are asked for so often at most."""

FRESH_S: Final = 600.0
"""So old keys may be before they are asked for again: a key that the provider has taken back is taken for so long."""

KEPT_S: Final = 86_400.0
"""So long keys are used while the provider does not answer."""


class IdentityProvider:
    """One provider; one of these for a process. ``client`` is None where nobody signs in by it in a browser."""

    def __init__(self, calls: ProviderCalls, trust: Trust, client: BrowserClient | None = None) -> None:
        self._calls = calls
        self._trust = trust
        self._client = client
        self._provider: Provider | None = None
        self._keys: tuple[SigningKey, ...] | None = None
        self._fetched = self._tried = float("-inf")
        self._trouble = ""
        self._fetching: asyncio.Task[None] | None = None

    @property
    def issuer(self) -> str:
        """Who vouches."""
        return self._trust.issuer

    @property
    def rules(self) -> str:
        """What is believed, and what follows from it, in a digest."""
        return self._trust.digest

    @property
    def signs_in(self) -> bool:
        """Whether people can sign in by it in a browser."""
        return self._client is not None

    async def principal(self, token: str) -> Principal:
        """Who shows this JWT. Raises Unauthenticated for one that is not believed, Forbidden for who is nothing here, and
        ProviderUnavailable where its key is not known and cannot be asked for."""
        return principal_of(await self._claims(token, self._trust.audiences), self._trust)

    async def sign_in_at(self, redirect_uri: str) -> tuple[str, SigningIn]:
        """The address at which a browser signs in, and what it keeps meanwhile. Raises ProviderUnavailable."""
        client, provider = self._of_browsers(), await self._described()
        if provider.authorization_endpoint is None:
            raise ProviderUnavailable(f"{self.issuer} names no authorization endpoint")
        begun = SigningIn(
            state=secrets.token_urlsafe(32), nonce=secrets.token_urlsafe(32), verifier=secrets.token_urlsafe(48)
        )
        asked = {
            "response_type": "code",
            "client_id": client.client_id,
            "redirect_uri": redirect_uri,
            "scope": client.scopes,
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": _challenge(begun.verifier),
            "code_challenge_method": "S256",
        }
        more = "&" if urlsplit(provider.authorization_endpoint).query else "?"
        return provider.authorization_endpoint + more + urlencode(asked), begun

    async def signed_in(self, code: str, begun: SigningIn, redirect_uri: str) -> Principal:
        """Who has signed in, by the code that the browser came back with. Raises what ``principal`` raises."""
        client = self._of_browsers()
        token = await self._calls.redeem(await self._described(), client, code, begun.verifier, redirect_uri)
        claims = await self._claims(token, [client.client_id])
        nonce, party = claims.get("nonce"), claims.get("azp", client.client_id)
        if not isinstance(nonce, str) or not secrets.compare_digest(nonce.encode(), begun.nonce.encode()):
            raise Unauthenticated("the ID token is of another sign-in: its nonce is another")
        if party != client.client_id:
            raise Unauthenticated("the ID token was given to another client: its azp is another")
        return principal_of(claims, self._trust)

    def _of_browsers(self) -> BrowserClient:
        if self._client is None:
            raise Unauthenticated("nobody signs in by a provider here: LOOPGRAPH_OIDC_CLIENT_ID is not set")
        return self._client

    async def _claims(self, token: str, audiences: Sequence[str]) -> Mapping[str, Any]:
        header = header_of(token, self._trust)
        return claims_of(token, header, await self._key(header), self._trust, now(), audiences)

    async def _key(self, header: Header) -> SigningKey:
        """The key that a JWT names. Raises Unauthenticated for one that there is not, and ProviderUnavailable."""
        age = time.monotonic() - self._fetched
        if self._keys is not None and age < KEPT_S:
            known = chosen(self._keys, header.kid, header.algorithm)
            if known is not None:
                if age > FRESH_S and time.monotonic() - self._tried >= PAUSE_S:
                    self._begin_to_fetch()  # beside this request, which has its key
                return known
        await self._fetch()
        found = chosen(self._keys or (), header.kid, header.algorithm)
        if found is None:
            raise Unauthenticated(f"the token is signed with a key that {self.issuer} does not have")
        return found

    async def _fetch(self) -> None:
        """Asks for the keys, unless that was done just now. Raises ProviderUnavailable if that fails, or has failed then."""
        if self._fetching is not None or time.monotonic() - self._tried >= PAUSE_S:
            await asyncio.shield(self._begin_to_fetch())
        if self._trouble:
            raise ProviderUnavailable(self._trouble)

    def _begin_to_fetch(self) -> asyncio.Task[None]:
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetched_anew())
        return self._fetching

    async def _fetched_anew(self) -> None:
        try:
            provider = await self._calls.describe()
            document = await self._calls.keys(provider)
            try:
                keys = keys_of(document)
            except ValueError as error:
                raise ProviderUnavailable(f"{self.issuer} answers with no keys: {error}") from error
        except ProviderUnavailable as error:
            self._trouble = str(error)
            logger.warning("the keys of the identity provider are not asked for anew: %s", error)
        except Exception:  # whatever it is: who waits for the keys is told that there are none, not that a token is bad
            self._trouble = f"{self.issuer} answers with what nobody expects"
            logger.exception("the keys of the identity provider are not asked for anew")
        else:
            self._provider, self._keys, self._trouble, self._fetched = provider, keys, "", time.monotonic()
        finally:
            self._tried, self._fetching = time.monotonic(), None

    async def _described(self) -> Provider:
        if self._provider is None:
            await self._fetch()
        if self._provider is None:
            raise ProviderUnavailable(f"{self.issuer} does not answer")
        return self._provider


def _challenge(verifier: str) -> str:
    """What a verifier is known by before it is told (RFC 7636, § 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
