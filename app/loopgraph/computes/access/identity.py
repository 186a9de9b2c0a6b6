"""What a JWT says of who asks, once its signature, issuer, audience and times are checked (OpenID Connect Core 1.0, § 3.1.3.7).

``jwt`` (PyJWT) checks the signature, the issuer and the audience; times are checked here, against an instant that is handed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from loopgraph.computes.access.signing_keys import SigningKey, public_key
from loopgraph.contracts.audit import ActorName
from loopgraph.contracts.base import Principal
from loopgraph.contracts.identity import EVERYBODY, FAMILIES, LEEWAY, LONGEST, Trust
from loopgraph.errors import Forbidden, Unauthenticated

_LAST = datetime.max.replace(tzinfo=UTC).timestamp()

_NAME: TypeAdapter[str] = TypeAdapter(ActorName)


class Header(NamedTuple):
    """How a JWT says that it is signed: nothing of it is checked yet."""

    kid: str | None
    algorithm: str


def header_of(token: str, trust: Trust) -> Header:
    """The header of a JWT. Raises Unauthenticated for what is no JWT, and for one that is signed as none may be."""
    import jwt

    if len(token) > LONGEST:
        raise Unauthenticated(f"the token is longer than {LONGEST:,} characters")
    try:
        told = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise Unauthenticated("this is no token of this service, and no JWT") from None
    algorithm, kid = told.get("alg"), told.get("kid")
    if algorithm not in trust.algorithms or algorithm not in FAMILIES:
        raise Unauthenticated(
            "the token is not signed in a way that is allowed: LOOPGRAPH_OIDC_ALGORITHMS says which are"
        )
    if "crit" in told or not isinstance(kid, str | None):
        raise Unauthenticated("the header of the token asks for what is not known here")
    return Header(kid, algorithm)


def claims_of(
    token: str, header: Header, key: SigningKey, trust: Trust, at: datetime, audiences: Sequence[str]
) -> Mapping[str, Any]:
    """What a JWT says that this key has signed, for one of these audiences. Raises Unauthenticated, with words, otherwise."""
    import jwt

    try:
        claims = jwt.decode(
            token,
            public_key(key, header.algorithm),
            algorithms=[header.algorithm],
            audience=list(audiences),
            issuer=trust.issuer,
            options={
                "require": ["iss", "aud", "exp"],
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except jwt.InvalidAudienceError:
        raise Unauthenticated("the token is not for this service: its aud is another") from None
    except jwt.InvalidIssuerError:
        raise Unauthenticated(f"the token is not of {trust.issuer}") from None
    except jwt.InvalidSignatureError:
        raise Unauthenticated("the signature of the token is not that of its key") from None
    except jwt.MissingRequiredClaimError as error:
        raise Unauthenticated(f"the token has no {error.claim}") from None
    except (jwt.PyJWTError, ValueError):
        raise Unauthenticated("the token cannot be read, or its key not used") from None
    _check_times(claims, at)
    return claims


def _check_times(claims: Mapping[str, Any], at: datetime) -> None:
    now, leeway = at.timestamp(), LEEWAY.total_seconds()
    ends, begins, made = (_seconds(claims, name) for name in ("exp", "nbf", "iat"))
    if ends is None or not ends + leeway > now:
        raise Unauthenticated("the token has expired")
    if any(one is not None and not one - leeway <= now for one in (begins, made)):
        raise Unauthenticated("the token does not hold yet")


def _seconds(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LAST:
        raise Unauthenticated(f"the {name} of the token is no time")
    return value


def principal_of(claims: Mapping[str, Any], trust: Trust) -> Principal:
    """Who asks, and what that is allowed by the settings. Raises Unauthenticated where the claim that names it does not, and
    Forbidden where it is in no group that is anything here."""
    name, groups = _name(claims, trust), _groups(claims, trust)
    roles = tuple(dict.fromkeys(role.value for group, role in trust.roles if group == EVERYBODY or group in groups))
    projects = dict.fromkeys(project for group, project in trust.projects if group == EVERYBODY or group in groups)
    if not roles:
        raise Forbidden(f"{name} is in no group that may use this service: LOOPGRAPH_OIDC_ROLES says which may")
    return Principal(subject=name, roles=roles, projects=tuple(projects))


def _name(claims: Mapping[str, Any], trust: Trust) -> str:
    claim = trust.name_claim
    if claim == "email" and claims.get("email_verified") is not True:
        raise Unauthenticated("the token does not say that its email is verified")
    told = claims.get(claim)
    try:
        name = _NAME.validate_python(told, strict=True)
    except ValidationError:
        name = ""
    if not name or name != told:  # with blanks around it, it would be somebody else's
        raise Unauthenticated(f"the token has no {claim} that can name somebody")
    return name


def _groups(claims: Mapping[str, Any], trust: Trust) -> frozenset[str]:
    found: Any = claims.get(trust.groups_claim)
    if found is None:
        found = claims
        for part in trust.groups_claim.split("."):
            found = found.get(part) if isinstance(found, dict) else None
    listed = found if isinstance(found, list) else [found]
    return frozenset(one for one in listed if isinstance(one, str) and one != EVERYBODY)
