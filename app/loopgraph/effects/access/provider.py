"""An OpenID Connect provider, asked over HTTP: what it says of itself, its keys, and the token for a code.

Each answer is bounded in size and time, and no redirection is followed: what is trusted is what was named.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx
from pydantic import ValidationError

from loopgraph.contracts.identity import BrowserClient, Provider
from loopgraph.errors import ProviderUnavailable, Unauthenticated

LARGEST: Final = 512 * 1024
"""More bytes of an answer are not read."""

TIMEOUT_S: Final = 5.0
"""So long an answer may take, all of it."""

DISCOVERY: Final = "/.well-known/openid-configuration"


def is_private(url: str) -> bool:
    """Whether it is an address, and what is sent there is read by nobody on the way: by TLS, or on this machine."""
    try:
        parts = httpx.URL(url)
        host, port = parts.host, urlsplit(url).port  # it knows how large a port can be
    except (httpx.InvalidURL, ValueError):
        return False
    if not host or port == 0:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in ("localhost", "127.0.0.1", "::1"))


class ProviderCalls:
    """Asks the provider of an issuer. Each method raises ProviderUnavailable where it does not answer, or not as it should."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer

    async def describe(self) -> Provider:
        """What it says of itself."""
        told = await self._json("GET", self.issuer.removesuffix("/") + DISCOVERY)
        known = {name: told[name] for name in Provider.model_fields if isinstance(told, dict) and told.get(name)}
        try:
            provider = Provider.model_validate(known)
        except ValidationError as error:
            raise ProviderUnavailable(f"{self.issuer} does not describe itself as a provider does") from error
        if provider.issuer != self.issuer:
            raise ProviderUnavailable(f"what answers at {self.issuer} says that it is another issuer")
        asked = (provider.jwks_uri, provider.authorization_endpoint, provider.token_endpoint)
        if not all(is_private(url) for url in asked if url is not None):
            raise ProviderUnavailable(f"{self.issuer} names an address that is none, or not https")
        return provider

    async def keys(self, provider: Provider) -> Any:
        """Its JWKS, as it stands."""
        return await self._json("GET", provider.jwks_uri)

    async def redeem(
        self, provider: Provider, client: BrowserClient, code: str, verifier: str, redirect_uri: str
    ) -> str:
        """The ID token for a code (OpenID Connect Core 1.0, § 3.1.3). Raises Unauthenticated where the provider gives none."""
        if provider.token_endpoint is None:
            raise ProviderUnavailable(f"{self.issuer} names no token endpoint")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "client_id": client.client_id,
        }
        auth: httpx.BasicAuth | None = None
        secret = client.secret.get_secret_value()
        if secret and "client_secret_basic" in provider.token_endpoint_auth_methods_supported:
            auth = httpx.BasicAuth(quote(client.client_id, safe=""), quote(secret, safe=""))  # RFC 6749, § 2.3.1
        elif secret:
            form["client_secret"] = secret
        told = await self._json("POST", provider.token_endpoint, data=form, auth=auth)
        token = told.get("id_token") if isinstance(told, dict) else None
        if not isinstance(token, str):
            raise Unauthenticated(f"{self.issuer} gave no ID token for the code")
        return token

    async def _json(self, method: str, url: str, **more: Any) -> Any:
        """The JSON of an answer. A refusal of the request itself (400, 401) is Unauthenticated."""
        body = bytearray()
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) as client,
                client.stream(method, url, headers={"accept": "application/json"}, **more) as answer,
            ):
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > LARGEST:
                        raise ProviderUnavailable(f"{url} answers with more than {LARGEST:,} bytes")
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise ProviderUnavailable(f"{url} does not answer ({type(error).__name__})") from error
        if method == "POST" and answer.status_code in (400, 401):
            raise Unauthenticated(f"{self.issuer} does not take the code of this sign-in")
        if answer.status_code != 200:
            raise ProviderUnavailable(f"{url} answers {answer.status_code}")
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise ProviderUnavailable(f"{url} answers, and not with JSON") from error
