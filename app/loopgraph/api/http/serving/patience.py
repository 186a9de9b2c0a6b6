"""HTTP as uvicorn speaks it, with an end to its patience: what does not send the head of a request in time is not waited for.

uvicorn has no such limit, nor one for the size of a head. The bodies of requests are ``limits``' business.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD: Final = 64 * 1024
"""So many bytes the request line and the headers may have together."""


class PatientHttp(HttpToolsProtocol):
    """One connection. Subclasses say how patient it is: ``patience_s``, between its beginning, or the end of what was asked
    before, and the end of the next head."""

    patience_s: float

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting: asyncio.TimerHandle | None = None
        self._heads = self._head_bytes = 0
        self._in_body = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The wait for the first head begins."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Some bytes; a head that is not complete with them goes on being waited for."""
        heads, in_body = self._heads, self._in_body
        super().data_received(data)
        if self.transport.get_protocol() is not self or self.transport.is_closing():  # it became a WebSocket, or ends
            return
        if self._idle and self._waiting is None and self.timeout_keep_alive_task is None:
            self._wait()
        if heads == self._heads and not in_body:
            self._head_bytes += len(data)
            if self._head_bytes > LARGEST_HEAD:
                self._give_up(b"431 Request Header Fields Too Large")

    def on_headers_complete(self) -> None:
        """A head is complete."""
        self._stop_waiting()
        self._heads += 1
        self._head_bytes = 0
        self._in_body = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A body is complete, too; if it was answered before, the wait for the next head begins."""
        self._stop_waiting()
        self._in_body = False
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more comes."""
        self._stop_waiting()
        super().connection_lost(exc)

    @property
    def _idle(self) -> bool:
        """Whether everything is answered."""
        return self.cycle is None or self.cycle.response_complete

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self.patience_s, self._give_up, b"408 Request Timeout")

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self, status: bytes) -> None:
        self._stop_waiting()
        if self.transport.is_closing():
            return
        if self._head_bytes and self._idle:
            self.transport.write(b"HTTP/1.1 %b\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % status)
        self.transport.close()


def patient_http(patience_s: float) -> type[PatientHttp]:
    """The protocol for uvicorn, with this patience."""
    return type("PatientHttp", (PatientHttp,), {"patience_s": patience_s})
