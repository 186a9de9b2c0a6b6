"""An OpenID Connect provider with real keys, behind real HTTP: discovery, keys, authorization by code with PKCE, tokens."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from loopgraph.effects.clock import new_id, now
from support.service import listening

CLIENT, SECRET = "console", "a secret/of=the client"
AUDIENCE = "loopgraph-api"


@dataclass
class StandIn:
    """The provider. ``user`` are the claims of who sits before the browser; what else is here makes it misbehave."""

    url: str = ""
    keys: dict[str, Any] = field(default_factory=dict)
    user: dict[str, Any] = field(default_factory=lambda: {"sub": "ann", "groups": ["engineers"]})
    more_claims: dict[str, Any] = field(default_factory=dict)
    """Claims of ID tokens, instead of the right ones."""

    is_down: bool = False
    answers_with: bytes | None = None
    """Instead of the keys."""

    asked_for_keys: int = 0
    _codes: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def add_key(self, kid: str, *, bits: int = 0) -> None:
        """A new key: of an elliptic curve, or RSA with so many bits."""
        self.keys[kid] = rsa.generate_private_key(65537, bits) if bits else ec.generate_private_key(ec.SECP256R1())

    def signed(self, kid: str, claims: Mapping[str, Any], **header: Any) -> str:
        """A JWT of this key."""
        key = self.keys[kid]
        algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
        return jwt.encode(dict(claims), key, algorithm, {"kid": kid, **header})

    def claims(self, **others: Any) -> dict[str, Any]:
        """What an access token says; None takes a claim away."""
        at = now()
        usual = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "ann",
            "groups": ["engineers"],
            "iat": at,
            "exp": at + timedelta(hours=1),
        }
        return {name: value for name, value in {**usual, **others}.items() if value is not None}

    def token(self, kid: str | None = None, **others: Any) -> str:
        """A good access token, but for these claims."""
        return self.signed(kid or next(iter(self.keys)), self.claims(**others))

    def app(self) -> Starlette:
        """What serves it."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._describe),
                Route("/keys", self._keys),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    async def _describe(self, request: Request) -> Response:
        if self.is_down:
            return Response(status_code=503)
        return JSONResponse(
            {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/keys",
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
            }
        )

    async def _keys(self, request: Request) -> Response:
        self.asked_for_keys += 1
        if self.is_down:
            return Response(status_code=503)
        if self.answers_with is not None:
            return Response(self.answers_with, media_type="application/json")
        told = []
        for kid, key in self.keys.items():
            kind = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
            told.append({**json.loads(kind.to_jwk(key.public_key())), "kid": kid, "use": "sig"})
        return JSONResponse({"keys": told})

    async def _authorize(self, request: Request) -> Response:
        """Signs the user in at once, and sends the browser back."""
        asked = request.query_params
        assert (asked["client_id"], asked["response_type"], asked["code_challenge_method"]) == (CLIENT, "code", "S256")
        assert "openid" in asked["scope"].split()
        code = new_id()
        self._codes[code] = dict(asked)
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}", 302)

    async def _token(self, request: Request) -> Response:
        """The ID token for a code, once, and for who began with its challenge."""
        given = dict(parse_qsl((await request.body()).decode()))
        asked = self._codes.pop(given["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(given["code_verifier"].encode()).digest())
        known = base64.b64encode(f"{CLIENT}:a%20secret%2Fof%3Dthe%20client".encode()).decode()
        if (
            asked is None
            or asked["redirect_uri"] != given.get("redirect_uri")
            or asked["code_challenge"] != challenge.rstrip(b"=").decode()
            or request.headers.get("authorization") != f"Basic {known}"
        ):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        told = {**self.user, "aud": CLIENT, "nonce": asked["nonce"], **self.more_claims}
        return JSONResponse({"access_token": "opaque", "token_type": "Bearer", "id_token": self.token(**told)})


@contextlib.asynccontextmanager
async def stand_in() -> AsyncIterator[StandIn]:
    """A provider with one key, until the end of the block."""
    provider = StandIn()
    provider.add_key("first")
    async with listening(provider.app()) as url:
        provider.url = url
        yield provider


def settings_of(provider: StandIn) -> dict[str, Any]:
    """The settings by which a service trusts it."""
    return {
        "oidc_issuer": provider.url,
        "oidc_audiences": (AUDIENCE,),
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SECRET,
        "oidc_roles": ("engineers=member", "sre=operator", "sre=reviewer"),
        "oidc_projects": ("engineers=shop", "*=common"),
    }
