"""Whom an identity provider vouches for, and what of that is believed (OpenID Connect)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from pydantic import SecretStr

from loopgraph.contracts.access import Project, Role
from loopgraph.contracts.base import Contract

LEEWAY: Final = timedelta(seconds=60)
"""So much the provider's clock may differ from ours."""

LONGEST: Final = 16_384
"""Longer JWTs are not read."""

EVERYBODY: Final = "*"
"""In the place of a group: whomever the provider vouches for."""

FAMILIES: Final[Mapping[str, tuple[str, frozenset[str]]]] = MappingProxyType(
    {
        **{f"{kind}{size}": ("RSA", frozenset[str]()) for kind in ("RS", "PS") for size in (256, 384, 512)},
        "ES256": ("EC", frozenset({"P-256"})),
        "ES384": ("EC", frozenset({"P-384"})),
        "ES512": ("EC", frozenset({"P-521"})),
        "EdDSA": ("OKP", frozenset({"Ed25519", "Ed448"})),
    }
)
"""The algorithms that can be allowed (RFC 7518, § 3.1; RFC 8037), the type of key of each, and its curves; all are of public
keys. ``none`` and those of shared secrets are not among them: with these, what is public would be the secret."""


class Trust(Contract):
    """Which JWTs are believed, and what of them. ``audiences``: whom they must be for, one of these. ``roles`` and ``projects``
    are pairs of a group and what those of it are or have."""

    issuer: str
    audiences: tuple[str, ...]
    algorithms: tuple[str, ...]
    name_claim: str
    groups_claim: str
    roles: tuple[tuple[str, Role], ...] = ()
    projects: tuple[tuple[str, Project], ...] = ()

    @property
    def digest(self) -> str:
        """Another one for any other trust."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


class BrowserClient(Contract):
    """What the console is at a provider. ``secret`` is empty for a public client."""

    client_id: str
    secret: SecretStr
    scopes: str


class Provider(Contract):
    """What a provider says of itself (OpenID Connect Discovery 1.0, § 3): where things are asked for."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class SigningIn(Contract):
    """What a browser keeps while its user is at the provider: what ties the answer to this browser (``state``), the token to this
    request (``nonce``), and the code to who asked for it (``verifier``, RFC 7636)."""

    state: str
    nonce: str
    verifier: str
