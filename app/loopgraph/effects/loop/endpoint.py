"""One call of a language model, by the API of chat completions that OpenAI has and many others speak."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

LONGEST_ANSWER: Final = 1024 * 1024
"""More bytes of an answer are not read."""

_SHOWN: Final = 200


def is_private(url: str) -> bool:
    """Whether what is sent there is read by nobody on the way: by TLS, or on this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or parts.hostname in ("localhost", "127.0.0.1", "::1")


class NoAnswer(Exception):
    """The endpoint gave none that can be used; its words say why, without the key."""


class Endpoint:
    """An API at ``url``, up to where ``/chat/completions`` follows. ``key`` may be empty: then none is sent."""

    def __init__(self, url: str, model: str, key: str, timeout_s: float) -> None:
        self._url = f"{url.rstrip('/')}/chat/completions"
        self.model = model
        self._key = key
        self._timeout_s = timeout_s

    def complete(self, messages: Sequence[dict[str, str]]) -> str:
        """What the model says to some messages. Blocks until it has. Raises NoAnswer."""
        import httpx

        headers = {"authorization": f"Bearer {self._key}"} if self._key else {}
        asked = {"model": self.model, "messages": list(messages), "stream": False}
        ends = time.monotonic() + self._timeout_s
        # A redirection is not followed: the key is for this address alone.
        try:
            with (
                httpx.Client(timeout=self._timeout_s, follow_redirects=False) as client,
                client.stream("POST", self._url, json=asked, headers=headers) as answer,
            ):
                body = bytearray()
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > LONGEST_ANSWER:
                        raise NoAnswer(f"the answer is longer than {LONGEST_ANSWER:,} bytes")
                    if time.monotonic() > ends:
                        raise NoAnswer(f"the answer takes longer than {self._timeout_s:g} s")
                status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NoAnswer(self._plain(f"{self._url}: {str(error) or type(error).__name__}")) from error
        return self._said(status, bytes(body))

    def _said(self, status: int, body: bytes) -> str:
        try:
            found: Any = json.loads(body)
        except (ValueError, RecursionError):
            found = None
        if status != 200:
            problem = found.get("error") if isinstance(found, dict) else None
            words = problem.get("message") if isinstance(problem, dict) else problem
            raise NoAnswer(self._plain(f"it answers {status}{f': {words}' if words else ''}"))
        try:
            choice = found["choices"][0]
            message = choice["message"]
            refusal, said, ended = message.get("refusal"), message.get("content"), choice.get("finish_reason")
        except (TypeError, LookupError, AttributeError) as error:
            raise NoAnswer("it answers, and not as an API of chat completions does") from error
        if refusal or ended == "content_filter":
            raise NoAnswer(self._plain(f"the model refuses: {refusal or 'its answer was filtered'}"))
        if ended == "length":
            raise NoAnswer("the answer was cut off for its length")
        if not isinstance(said, str) or not said.strip():
            raise NoAnswer("the answer is empty")
        return said

    def _plain(self, text: str) -> str:
        """Words of others on one line, cut, and without the key, which some repeat."""
        words = " ".join(text.split())
        return (words.replace(self._key, "…") if self._key else words)[:_SHOWN]
