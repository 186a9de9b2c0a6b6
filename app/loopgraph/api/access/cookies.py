"""The cookie by which a browser shows its session, and the one it keeps while its user is at an identity provider.

``HttpOnly``: no script reads them. ``SameSite=Strict``, and ``Lax`` for the second, which comes with a redirection from
elsewhere. Over https ``Secure`` and with the prefix ``__Host-``, so that no other host and nothing unencrypted can have set them
(RFC 6265bis, § 4.1.3.2). Ports tell no cookies apart, so names do.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final, Literal

from starlette.requests import HTTPConnection
from starlette.responses import Response

from loopgraph.api.access.hosts import PORTS, Origin, from_own_page, name_of, origin_of
from loopgraph.effects.clock import now
from loopgraph.errors import Unauthenticated

SESSION: Final = "loopgraph"
SIGNING_IN: Final = "loopgraph-signing-in"
SIGNING_IN_S: Final = 600
"""So long somebody may take at the provider."""

_PREFIX: Final = "__Host-"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Cookies:
    """The cookies of a service that is known by ``public``, or by the ``Host`` that is asked for; below ``root_path``."""

    def __init__(self, public: Origin | None = None, root_path: str = "") -> None:
        self.public = public
        self._root = re.sub(r"[^A-Za-z0-9]+", "-", root_path)

    def session(self, connection: HTTPConnection) -> str | None:
        """The session that a browser shows for one of the service's own pages; None where there is none, or a page elsewhere has
        it shown. Raises Unauthenticated for several."""
        changes = connection.scope["type"] == "websocket" or connection.scope["method"] not in _SAFE
        value = self.value(connection, SESSION)
        return value if value is not None and from_own_page(connection, self.public, changes=changes) else None

    def value(self, connection: HTTPConnection, what: str) -> str | None:
        """What a browser keeps. Raises Unauthenticated for several: one of them was set by somebody else."""
        lines = connection.headers.getlist("cookie")
        pairs = [pair.strip().partition("=") for line in lines for pair in line.split(";")]
        for name in self._names(connection, what):
            values = [value.strip().strip('"') for known, _, value in pairs if known == name]
            if len(values) > 1:
                raise Unauthenticated(f"the cookie {name} was sent more than once")
            if values:
                return values[0]
        return None

    def keep_session(self, connection: HTTPConnection, response: Response, secret: str, until: datetime) -> None:
        """Has the browser keep a session."""
        seconds = max(1, int((until - now()).total_seconds()))
        self._set(connection, response, SESSION, secret, seconds, "strict")

    def keep_signing_in(self, connection: HTTPConnection, response: Response, value: str) -> None:
        """Has the browser keep what ties the answer of the provider to it."""
        self._set(connection, response, SIGNING_IN, value, SIGNING_IN_S, "lax")

    def drop(self, connection: HTTPConnection, response: Response, what: str) -> None:
        """Has the browser keep one no longer."""
        for name in self._names(connection, what):
            private = name.startswith(_PREFIX)
            response.set_cookie(name, "", max_age=0, path="/", secure=private, httponly=True, samesite="lax")

    def _set(
        self,
        connection: HTTPConnection,
        response: Response,
        what: str,
        value: str,
        seconds: int,
        same_site: Literal["strict", "lax"],
    ) -> None:
        private = self.is_private(connection)
        response.set_cookie(
            self._name(connection, what, private),
            value,
            max_age=seconds,
            path="/",
            secure=private,
            httponly=True,
            samesite=same_site,
        )

    def is_private(self, connection: HTTPConnection) -> bool:
        """Whether the browser speaks https, to the service or to a proxy before it."""
        if self.public is not None:
            return self.public[0] == "https"
        origin = origin_of(connection.headers.get("origin", ""))
        return connection.url.scheme in ("https", "wss") or (origin is not None and origin[0] == "https")

    def _names(self, connection: HTTPConnection, what: str) -> list[str]:
        """What one is called. A request need not say that it came by https; what only https can have set counts first."""
        known = self.public is not None and self.public[0] == "https"
        return [self._name(connection, what, private) for private in ((True,) if known else (True, False))]

    def _name(self, connection: HTTPConnection, what: str, private: bool) -> str:
        _, port = name_of(connection.headers.get("host", "")) or ("", "")
        if self.public is not None:
            port = self.public[2]
        shown = "" if port in ("", *PORTS.values()) else f"-{port}"
        return f"{_PREFIX * private}{what}{shown}{self._root}"
