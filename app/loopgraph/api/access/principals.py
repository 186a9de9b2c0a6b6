"""Who shows what, and what they may do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from loopgraph.contracts.access import LOCAL, NOBODY, Action, Role, allowed
from loopgraph.contracts.audit import ActorType, Origin
from loopgraph.contracts.base import Principal
from loopgraph.effects.access.tokens import digest_of
from loopgraph.errors import Forbidden, Unauthenticated
from loopgraph.orchestrators.access.callers import Callers
from loopgraph.orchestrators.access.rate_limits import RateLimits

_WANTED: Final = (
    "this service wants a token: send the header Authorization: Bearer TOKEN (loopgraph tokens create makes one)"
)


class Shown(NamedTuple):
    """What a request shows of who asks: an ``Authorization`` header, which counts first, or the session of a browser."""

    authorization: str | None = None
    session: str | None = None


async def identified(
    shown: Shown, callers: Callers | None, limits: RateLimits, address: str, *, without_graph: bool = False
) -> Principal:
    """Who shows this, on any door; ``NOBODY`` who shows nothing.

    ``callers`` is None where nobody is told apart. ``without_graph``: whom the graph has vouched for not long ago is known
    while it is away, too. Raises Unauthenticated for what shows nobody, RateLimited where an ``address`` tries out one secret
    after another, Forbidden for whom a provider knows and who is nothing here, and what the graph and the provider raise.
    """
    if callers is None:
        return LOCAL
    if shown.authorization is not None:
        scheme, _, secret = shown.authorization.strip().partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise Unauthenticated(_WANTED)
        secret = secret.strip()
    elif shown.session is not None:
        secret = shown.session
    else:
        return NOBODY
    digest = digest_of(secret)
    limits.try_out(address, digest)
    try:
        if shown.authorization is not None:
            principal = await callers.by_bearer(secret, without_graph=without_graph)
        else:
            principal, _ = await callers.by_session(secret)
    except Unauthenticated:
        limits.failed(address, digest)
        raise
    limits.good(digest)
    return principal


def one_of(authorizations: Sequence[str]) -> str | None:
    """The ``Authorization`` header of a request. Raises Unauthenticated for several: what stands before the service may have
    judged another of them."""
    if len(authorizations) > 1:
        raise Unauthenticated("the header Authorization must be sent once")
    return authorizations[0] if authorizations else None


def name_of(principal: Principal | None) -> str:
    """What stands for a principal where somebody acts; ``anonymous`` where nobody is told apart."""
    return principal.subject if principal is not None and is_known(principal) else "anonymous"


def is_known(principal: Principal | None) -> bool:
    """Whether it is somebody, and not whoever reaches the service."""
    return principal is not None and principal is not LOCAL


def origin(principal: Principal | None, correlation_id: str | None) -> Origin:
    """A principal as the audit trail has it."""
    by_itself = principal is not None and Role.SERVICE.value in principal.roles
    kind = ActorType.AUTOMATION if by_itself else ActorType.USER
    return Origin(actor_type=kind, actor_id=name_of(principal), correlation_id=correlation_id)


def require(principal: Principal | None, action: Action) -> None:
    """Raises Forbidden if a principal may not do this, Unauthenticated where it is not known who asks."""
    if allowed(principal, action):
        return
    if principal == NOBODY:
        raise Unauthenticated(_WANTED)
    raise Forbidden(f"{principal.subject if principal else 'nobody'} may not {action}")
