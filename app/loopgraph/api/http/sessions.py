"""``/api/session``: who asks, signing in to the console, and signing out.

By a token: ``POST`` it, and the browser keeps a session. By an identity provider: ``/api/session/oidc`` leads there, and back
(authorization code with PKCE; OpenID Connect Core 1.0, § 3.1, RFC 7636). Only a page of the service itself signs in and out.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Final

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from loopgraph.api.access import Action, Door
from loopgraph.api.access.cookies import SESSION, SIGNING_IN, Cookies
from loopgraph.api.access.doors import address_of, resolved, shown_by
from loopgraph.api.access.hosts import from_own_page, is_loopback, name_of
from loopgraph.api.errors import invalid_input, problem_response
from loopgraph.api.http.bodies import json_object
from loopgraph.api.services import Services
from loopgraph.contracts.access import NOBODY, Asker, Credentials, SignIn, allowed
from loopgraph.contracts.base import Principal
from loopgraph.contracts.identity import SigningIn
from loopgraph.effects.access.tokens import digest_of
from loopgraph.errors import Forbidden, LoopgraphError, NotFound, ProviderUnavailable, RateLimited, Unauthenticated
from loopgraph.orchestrators.access.callers import Callers
from loopgraph.orchestrators.access.identity_provider import IdentityProvider

logger = logging.getLogger(__name__)

PATH: Final = "/api/session"
PROVIDER: Final = f"{PATH}/oidc"
CALLBACK: Final = f"{PROVIDER}/callback"

Answer = Callable[[Request], Awaitable[Response]]


def _answering(work: Answer) -> Answer:
    """Answers an error as one, and has nothing kept in caches."""

    @wraps(work)
    async def answer(request: Request) -> Response:
        try:
            response = await work(request)
        except LoopgraphError as error:
            response = problem_response(error)
        response.headers["cache-control"] = "no-store"
        return response

    return answer


@_answering
async def _who(request: Request) -> Response:
    return JSONResponse((await _asker(request)).model_dump(mode="json"))


async def _asker(request: Request) -> Asker:
    """Who asks; a session that holds no more is nobody, and why. Raises what the graph and the provider raise."""
    services = _services(request)
    callers = services.callers
    if callers is None:
        return Asker(access=services.settings.access, actions=tuple(Action))
    base = Asker(access=services.settings.access, issuer=_issuer(callers))
    try:
        shown = shown_by(request)
        principal = await resolved(request, shown)
    except (Unauthenticated, Forbidden) as error:
        return base.model_copy(update={"problem": str(error)})
    if principal == NOBODY:
        return base
    sign_in = (await callers.by_session(shown.session))[1] if shown.session is not None else None
    return base.model_copy(update=_told(principal, sign_in))


def _told(principal: Principal, sign_in: SignIn | None) -> dict[str, object]:
    return {
        "signed_in": True,
        "name": principal.subject,
        "roles": principal.roles,
        "projects": principal.projects,
        "actions": tuple(action for action in Action if allowed(principal, action)),
        "expires_at": None if sign_in is None else sign_in.expires_at,
    }


@_answering
async def _sign_in(request: Request) -> Response:
    services, callers = _of_own_page(request)
    body = await json_object(request)
    try:
        given = Credentials.model_validate(body)
    except ValidationError as error:
        raise invalid_input(error, Credentials) from error
    secret = given.token.strip()
    address, digest, limits = address_of(request), digest_of(secret), services.rate_limits
    try:
        limits.try_out(address, digest)
        sign_in, kept = await callers.sign_in(secret)
    except LoopgraphError as error:
        _note(error, services, address, digest)
        services.metrics.access.signed_in("token", error.code)
        raise
    limits.good(digest)
    limits.good(digest_of(kept))
    services.metrics.access.signed_in("token", "ok")
    principal, _ = await callers.by_session(kept)
    request.state.principal = principal  # for the log
    told = Asker(access=services.settings.access, issuer=_issuer(callers)).model_copy(update=_told(principal, sign_in))
    response = JSONResponse(told.model_dump(mode="json"))
    _cookies(request).keep_session(request, response, kept, sign_in.expires_at)
    return response


@_answering
async def _sign_out(request: Request) -> Response:
    _, callers = _of_own_page(request)
    session = _cookies(request).session(request)
    if session is not None:
        await callers.sign_out(session)
    response = Response(status_code=204)
    _cookies(request).drop(request, response, SESSION)
    return response


@_answering
async def _to_provider(request: Request) -> Response:
    _, provider = _provider(request)
    try:
        address, begun = await provider.sign_in_at(_redirect_uri(request))
    except ProviderUnavailable as error:
        return _back(request, error)
    response = RedirectResponse(address, 303)
    value = ".".join((begun.state, begun.nonce, begun.verifier))  # none of them has a dot: they are base64 of URLs
    _cookies(request).keep_signing_in(request, response, value)
    return response


@_answering
async def _from_provider(request: Request) -> Response:
    callers, provider = _provider(request)
    services, cookies = _services(request), _cookies(request)
    address, code = address_of(request), request.query_params.get("code", "")
    tried = False  # any page can lead a browser here, and must not have its address limited by that
    try:
        begun = _begun(cookies.value(request, SIGNING_IN), request, provider)
        if not code:
            raise Unauthenticated("the provider gave no code")
        tried = True
        services.rate_limits.try_out(address, digest_of(code))
        sign_in, kept = await callers.sign_in_by_code(code, begun, _redirect_uri(request))
    except LoopgraphError as error:
        if tried:
            _note(error, services, address, digest_of(code))
        services.metrics.access.signed_in("provider", error.code)
        logger.info("nobody was signed in by %s: %s", provider.issuer, error)
        response = _back(request, error)
    else:
        services.rate_limits.good(digest_of(kept))
        services.metrics.access.signed_in("provider", "ok")
        response = _back(request)
        cookies.keep_session(request, response, kept, sign_in.expires_at)
    cookies.drop(request, response, SIGNING_IN)
    return response


def _note(error: LoopgraphError, services: Services, address: str, digest: str) -> None:
    """Counts that somebody could not sign in."""
    if isinstance(error, Unauthenticated):
        services.rate_limits.failed(address, digest)
    elif isinstance(error, RateLimited):
        services.metrics.access.limited("failures")


def _begun(kept: str | None, request: Request, provider: IdentityProvider) -> SigningIn:
    """The sign-in that this browser began and the provider now answers. Raises Unauthenticated for any other."""
    parts = (kept or "").split(".")
    if len(parts) != 3 or not all(parts):
        raise Unauthenticated("this browser has not begun to sign in, or too long ago")
    begun = SigningIn(state=parts[0], nonce=parts[1], verifier=parts[2])
    state = request.query_params.get("state", "")
    if not secrets.compare_digest(state.encode(), begun.state.encode()):
        raise Unauthenticated("this answers another sign-in: its state is another")
    if request.query_params.get("iss", provider.issuer) != provider.issuer:  # RFC 9207
        raise Unauthenticated("another provider answers")
    if "error" in request.query_params:
        raise Unauthenticated("the provider has not signed anybody in")
    return begun


def _back(request: Request, error: LoopgraphError | None = None) -> Response:
    """Leads to the console, which is told the code of what went wrong, never words that an address brings."""
    fragment = "" if error is None else f"#/?failed={error.code}"
    return RedirectResponse(f"{_base(request)}/{fragment}", 303)


def _redirect_uri(request: Request) -> str:
    """Where the provider sends browsers. Raises Forbidden where that is not known."""
    return f"{_base(request)}{CALLBACK}"


def _base(request: Request) -> str:
    """Where this browser finds the service: what it says is believed of this machine alone. Raises Forbidden."""
    settings = _services(request).settings
    if settings.public_url:
        return settings.public_url.rstrip("/")
    host = request.headers.get("host", "")
    name, _ = name_of(host) or ("", "")
    if not is_loopback(name):
        raise Forbidden("LOOPGRAPH_PUBLIC_URL is not set, and is needed to sign in by a provider from other machines")
    return f"{request.url.scheme}://{host}{settings.root_path}"


def _of_own_page(request: Request) -> tuple[Services, Callers]:
    """Raises Forbidden for a page elsewhere, and NotFound where there is nothing to sign in to."""
    services = _services(request)
    if services.callers is None:
        raise NotFound("session", "where nobody is told apart")
    if not from_own_page(request, _cookies(request).public, changes=True):
        raise Forbidden("only a page of this service signs in and out: a browser says so in Origin")
    return services, services.callers


def _provider(request: Request) -> tuple[Callers, IdentityProvider]:
    """Raises NotFound where nobody signs in by a provider."""
    callers = _services(request).callers
    if callers is None or callers.provider is None or not callers.provider.signs_in:
        raise NotFound("identity provider", "to sign in by")
    return callers, callers.provider


def _issuer(callers: Callers) -> str | None:
    return callers.provider.issuer if callers.provider is not None and callers.provider.signs_in else None


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


def _cookies(request: Request) -> Cookies:
    cookies: Cookies = request.app.state.cookies
    return cookies


session_routes = [
    Door(PATH, _who, Action.SEE_PAGES),
    Door(PATH, _sign_in, Action.SEE_PAGES, ["POST"]),
    Door(PATH, _sign_out, Action.SEE_PAGES, ["DELETE"]),
    Door(PROVIDER, _to_provider, Action.SEE_PAGES),
    Door(CALLBACK, _from_provider, Action.SEE_PAGES),
]
