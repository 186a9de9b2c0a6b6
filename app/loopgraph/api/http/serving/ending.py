"""A server that says where it listens, and that ends what would go on for ever before it waits for the end of the rest.

uvicorn closes WebSockets when it stops, and waits for all other answers; a stream of server-sent events would be cut off only
when that wait is over.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn


class EndingServer(uvicorn.Server):
    """A server that calls ``begun`` with its port when it listens, and ``end`` when it begins to stop."""

    def __init__(self, config: uvicorn.Config, begun: Callable[[int], None], end: Callable[[], None]) -> None:
        super().__init__(config)
        self._begun = begun
        self._end = end
        self.port = config.port
        """The port that it listens on, once it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts to listen."""
        await super().startup(sockets)
        if self.started:
            self.port = next((one.getsockname()[1] for server in self.servers for one in server.sockets), self.port)
            self._begun(self.port)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stops in order."""
        self._end()
        await super().shutdown(sockets)
