"""Names and addresses in ``Host`` and ``Origin``, and whether a request comes from a page of the service itself."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from starlette.requests import HTTPConnection

from loopgraph.errors import InvalidSetting
from loopgraph.settings import Settings

_HOST: Final = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]{1,255}))(?::(?P<port>[0-9]{0,5}))?")
_ORIGIN: Final = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>[^/?#@\s]+)", re.IGNORECASE)
PORTS: Final = {"http": "80", "https": "443"}

Origin = tuple[str, str, str]
"""Scheme, name and port."""


def name_of(host: str) -> tuple[str, str] | None:
    """The name and the port of a ``Host``: in small letters, without the last dot, addresses in their usual form. None if it is
    no host; the port is empty if there is none."""
    match = _HOST.fullmatch(host)
    if match is None:
        return None
    port = (match["port"] or "").lstrip("0")
    if match["v6"] is None:
        name = match["name"].lower().removesuffix(".")
        return (name, port) if name else None
    try:
        return str(ipaddress.IPv6Address(match["v6"])), port
    except ValueError:
        return None


def is_loopback(name: str) -> bool:
    """Whether a name or an address is of this machine alone: ``localhost``, 127.0.0.0/8, ``::1``."""
    if name == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def origin_of(text: str) -> Origin | None:
    """Scheme, name and port of an ``Origin``; None if it is none, such as ``null``."""
    match = _ORIGIN.fullmatch(text)
    host = name_of(match["host"]) if match else None
    if match is None or host is None:
        return None
    scheme = match["scheme"].lower()
    return scheme, host[0], host[1] or PORTS.get(scheme, "")


def public_origin(settings: Settings) -> Origin | None:
    """The origin of ``LOOPGRAPH_PUBLIC_URL``; None if it is not set. Raises InvalidSetting for what has none."""
    if not settings.public_url:
        return None
    origin = origin_of("/".join(settings.public_url.split("/", 3)[:3]))
    if origin is None or int(origin[2] or 0) > 65_535:
        raise InvalidSetting(
            "LOOPGRAPH_PUBLIC_URL must be the address of a host, such as https://loopgraph.example.org"
        )
    return origin


def is_own(origin: Origin, host: str, public: Origin | None) -> bool:
    """Whether a page of this origin is one of the service that was asked under this ``Host``, or that is known by ``public``."""
    scheme, name, port = origin
    if public is not None and name == public[1]:
        return origin == public  # a page by http of a service that is known by https is somebody's on the way
    own_name, own_port = name_of(host.strip()) or ("", "")
    return origin == public or (name, port) == (own_name, own_port or PORTS.get(scheme, ""))


def from_own_page(connection: HTTPConnection, public: Origin | None, *, changes: bool) -> bool:
    """Whether a browser says that a page of the service itself asks, or its user did (for what ``changes`` nothing).

    It says so in ``Sec-Fetch-Site``, where that is safe to send, and in ``Origin``, which goes with every WebSocket and all that
    is not GET; a page cannot say otherwise. A browser that says neither is too old to be believed where something changes.
    """
    sites, origins = connection.headers.getlist("sec-fetch-site"), connection.headers.getlist("origin")
    hosts = connection.headers.getlist("host")
    if len(sites) > 1 or len(origins) > 1 or len(hosts) != 1:
        return False
    if sites and sites[0] != "same-origin" and (changes or sites[0] != "none"):
        return False
    if not origins:
        return bool(sites) or not changes
    origin = origin_of(origins[0].strip())
    return origin is not None and is_own(origin, hosts[0], public)
