"""Who may knock: a browser carries requests of any page it shows to a service on its own machine, and these are kept out.

A page elsewhere reaches the service under its own ``Origin``; or under a name of its own that it has made point here (DNS
rebinding), which is then in ``Host``. Programs that are no browsers send no ``Origin`` and pass.

What a request target in absolute form says of a host is not looked at: browsers send none, and the ``Host`` is checked. gRPC
needs no such gate, because no browser speaks it without TLS.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from loopgraph.api.access.hosts import PORTS, is_loopback, is_own, name_of, origin_of, public_origin
from loopgraph.errors import InvalidSetting
from loopgraph.settings import Access, Settings

_Refusal = tuple[int, str, str]
"""Status, code, and a plain sentence."""


def check_names(settings: Settings) -> None:
    """Raises InvalidSetting for names and origins that are none, and for a ``LOOPGRAPH_HOST`` that is reached from other machines
    where no setting allows it: nobody is told apart."""
    _allowed_names(settings)
    allowed_origins(settings)
    if not _may_be_reached(settings) and not is_loopback(settings.host.strip("[]").lower()):
        raise InvalidSetting(
            f"LOOPGRAPH_HOST={settings.host} is reached from other machines, and whoever reaches this service may read and "
            "change everything: listen on 127.0.0.1, set LOOPGRAPH_ACCESS=tokens, or set LOOPGRAPH_ALLOW_UNAUTHENTICATED=true if "
            "something else, such as a firewall or a proxy, says who may reach it"
        )


def _may_be_reached(settings: Settings) -> bool:
    """Whether other machines may reach it."""
    return settings.allow_unauthenticated or settings.access is Access.TOKENS


def allowed_origins(settings: Settings) -> tuple[str, ...]:
    """The origins of ``LOOPGRAPH_ALLOWED_ORIGINS`` as browsers write them. Raises InvalidSetting for what is none."""
    written = []
    for text in settings.allowed_origins:
        origin = origin_of(text.removesuffix("/"))
        if origin is None:
            raise InvalidSetting(
                f"LOOPGRAPH_ALLOWED_ORIGINS: {text!r} is no origin; write it like http://localhost:5173"
            )
        scheme, name, port = origin
        shown = f"[{name}]" if ":" in name else name
        written.append(f"{scheme}://{shown}" + (f":{port}" if port and port != PORTS.get(scheme) else ""))
    return tuple(written)


def _allowed_names(settings: Settings) -> frozenset[str]:
    names = set()
    if public := public_origin(settings):
        names.add(public[1])
    for setting, host in [("HOST", settings.host), *(("ALLOWED_HOSTS", host) for host in settings.allowed_hosts)]:
        if host in ("", "*"):
            continue
        found = name_of(f"[{host}]" if host.count(":") > 1 and host[0] != "[" else host)
        if found is None or found[1]:
            raise InvalidSetting(f"LOOPGRAPH_{setting}: {host!r} is no name or address of a host; leave its port away")
        names.add(found[0])
    return frozenset(names)


class Gate:
    """ASGI middleware: lets in what is sent to one of the service's own names, and by no page but its own and those allowed."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._names = _allowed_names(settings)
        self._any_name = "*" in settings.allowed_hosts
        self._origins = frozenset(filter(None, map(origin_of, allowed_origins(settings))))
        self._public = public_origin(settings)
        self._beyond_loopback = _may_be_reached(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] in ("http", "websocket") else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await _refuse(refusal, scope, receive, send)

    def _refusal(self, scope: Scope) -> _Refusal | None:
        """Why a request is not let in."""
        headers: dict[bytes, list[str]] = {}
        for raw, value in scope["headers"]:
            headers.setdefault(raw, []).append(value.decode("latin-1"))
        return (
            self._wrong_address(scope.get("server"))
            or self._wrong_host(headers.get(b"host", []))
            or self._wrong_page(headers, _first(headers, b"host"))
        )

    def _wrong_address(self, server: Sequence[object] | None) -> _Refusal | None:
        """Another server than ours may listen where ``LOOPGRAPH_HOST`` does not say."""
        address = server[0] if server else None
        if self._beyond_loopback or not isinstance(address, str) or not _is_address(address) or is_loopback(address):
            return None
        message = "this service answers on loopback alone, until LOOPGRAPH_ACCESS=tokens or LOOPGRAPH_ALLOW_UNAUTHENTICATED=true"
        return 403, "BEYOND_LOOPBACK", message

    def _wrong_host(self, hosts: list[str]) -> _Refusal | None:
        if len(hosts) != 1:
            return 400, "BAD_HOST", f"a request has one Host header, not {len(hosts)}"
        found = name_of(hosts[0].strip())
        if found is None:
            return 400, "BAD_HOST", "the Host header is not the name or the address of a host, with a port or without"
        name = found[0]
        if self._any_name or name in self._names or is_loopback(name):
            return None
        return 421, "FOREIGN_HOST", f"this service is not {name}; LOOPGRAPH_ALLOWED_HOSTS says what else it is called"

    def _wrong_page(self, headers: dict[bytes, list[str]], host: str) -> _Refusal | None:
        origins = headers.get(b"origin")
        if origins is None:
            # Images, forms by GET and the like: a browser says where they come from, if it is a recent one.
            elsewhere = _first(headers, b"sec-fetch-site") in ("cross-site", "same-site")
            if not elsewhere or _first(headers, b"sec-fetch-mode") == "navigate":
                return None
            return 403, "FOREIGN_ORIGIN", "a page elsewhere may not embed what this service answers"
        origin = origin_of(origins[0].strip()) if len(origins) == 1 else None
        if origin is not None and (origin in self._origins or is_own(origin, host, self._public)):
            return None
        shown = origins[0] if len(origins) == 1 else "of several origins"
        message = f"pages of {shown[:200]!r} may not use this service; LOOPGRAPH_ALLOWED_ORIGINS says which may"
        return 403, "FOREIGN_ORIGIN", message


def _first(headers: dict[bytes, list[str]], name: bytes) -> str:
    return headers[name][0].strip() if name in headers else ""


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


async def _refuse(refusal: _Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    status, code, message = refusal
    if scope["type"] == "http":
        response = JSONResponse({"error": {"code": code, "message": message}}, status_code=status)
        await response(scope, receive, send)
    else:  # the handshake is answered 403
        await send({"type": "websocket.close", "code": 1008, "reason": message[:120]})
