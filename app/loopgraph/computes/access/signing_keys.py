"""The keys of a JWKS (RFC 7517) by which signatures are checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from loopgraph.contracts.identity import FAMILIES

MOST: Final = 100
"""So many keys of a provider are known at most."""

_PUBLIC: Final = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
"""What a public key of each type is made of; what else there is, such as a private key that leaked, is not read."""

_SHORTEST_RSA: Final = 2_048
"""Bits of an RSA key at least (RFC 7518, § 3.3)."""


class SigningKey(NamedTuple):
    """A public key. ``algorithm`` is the one it is kept to, None for all of its type."""

    kid: str | None
    algorithm: str | None
    parts: dict[str, str]


def keys_of(document: Any) -> tuple[SigningKey, ...]:
    """The keys of a JWKS that check signatures, ``MOST`` at most; those of other types, uses or forms are passed over, as the
    standard wants. Raises ValueError for what is no JWKS."""
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ValueError("it is no set of keys")
    found = (_key(one) for one in listed[:MOST] if isinstance(one, dict))
    return tuple(key for key in found if key is not None)


def _key(told: dict[str, Any]) -> SigningKey | None:
    kind, kid, algorithm = told.get("kty"), told.get("kid"), told.get("alg")
    names = _PUBLIC.get(kind, ()) if isinstance(kind, str) else ()
    for_signatures = told.get("use", "sig") == "sig" and "verify" in _listed(told.get("key_ops", ["verify"]))
    if not names or not for_signatures or not all(isinstance(told.get(name), str) for name in names):
        return None
    if not isinstance(kid, str | None) or not isinstance(algorithm, str | None):
        return None
    return SigningKey(kid, algorithm, {"kty": str(kind), **{name: told[name] for name in names}})


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def chosen(keys: Sequence[SigningKey], kid: str | None, algorithm: str) -> SigningKey | None:
    """The key that a JWT names and that can have signed it so; of a JWT that names none, the only one that can. None if there is
    none."""
    kind, curves = FAMILIES[algorithm]
    fitting = [
        key
        for key in keys
        if key.parts["kty"] == kind
        and (not curves or key.parts["crv"] in curves)
        and key.algorithm in (None, algorithm)
        and kid in (None, key.kid)
    ]
    return fitting[0] if len(fitting) == 1 or (fitting and kid is not None) else None


def public_key(key: SigningKey, algorithm: str) -> Any:
    """The key as ``jwt`` takes it. Raises ValueError for one that is none, or is too weak."""
    from jwt.algorithms import get_default_algorithms
    from jwt.exceptions import PyJWTError

    try:
        made = get_default_algorithms()[algorithm].from_jwk(key.parts)
    except PyJWTError as error:
        raise ValueError("its key is none") from error
    if key.parts["kty"] == "RSA" and getattr(made, "key_size", 0) < _SHORTEST_RSA:
        raise ValueError(f"its key has fewer than {_SHORTEST_RSA} bits")
    return made
