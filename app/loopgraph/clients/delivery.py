"""One attempt to deliver a batch: what the service's answer means."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

PATH = "/api/traces/batch"
_FIRST_DELAY_S, _LONGEST_DELAY_S = 0.1, 30.0
_BUSY = frozenset({408, 425, 429, 502, 503, 504})
"""Statuses of a service that takes no events now, or not these."""
_WRONG = frozenset({400, 409, 413})
"""Statuses that one event of the batch may have caused; 422 and the others from 500 on, too, but those also come from a
service that is not well. All that are left (401, 403, 404, redirections, …) blame the token or the address, unless other events
are taken: there may be something in front of the service that dislikes one."""


class Verdict(Enum):
    """What an answer means for the batch."""

    SETTLED = auto()
    """All of it is accepted or rejected for good."""
    AWAY = auto()
    """The service was not reached: all of it has to wait."""
    BARRED = auto()
    """Nothing of it is taken from this sender, or at this address; perhaps nothing else is, until that is mended."""
    BUSY = auto()
    """The service takes nothing now, or nothing of this: it has to wait."""
    WRONG = auto()
    """Something of it is wrong; none of it was taken."""
    FAILED = auto()
    """The service failed, at something of it or altogether; none of it was taken."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one attempt came to. ``accepted`` + ``rejected`` are the batch if it is settled.

    ``reason`` tells of the first item that was not accepted; ``retry_after_s`` is the time the service asked for.
    """

    verdict: Verdict
    accepted: int = 0
    rejected: int = 0
    too_large: bool = False
    reason: str | None = None
    retry_after_s: float | None = None


class Delivery:
    """Posts batches of events to a service."""

    def __init__(self, url: str, token: str | None, timeout_s: float) -> None:
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"} if token else None,
            timeout=timeout_s,
            trust_env=not _is_loopback(url),  # no proxy stands before loopback
        )

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def attempt(self, batch: Sequence[bytes]) -> Attempt:
        """Sends the events once. Does not raise for anything that the service or the network does."""
        body = b"\n".join(batch)
        try:
            answer = await self._http.post(PATH, content=body, headers={"Content-Type": "application/x-ndjson"})
        except (httpx.RemoteProtocolError, httpx.ReadError) as error:
            # It had the events and broke off without an answer: it may break at one of them, and not come back from it.
            return Attempt(Verdict.FAILED, reason=f"{type(error).__name__}: {error}")
        except httpx.HTTPError as error:
            return Attempt(Verdict.AWAY, reason=f"{type(error).__name__}: {error}")
        if answer.is_success:
            return _by_item(batch, answer)
        status, reason = answer.status_code, f"HTTP {answer.status_code}: {answer.text[:300]}"
        if status in _BUSY:
            return Attempt(Verdict.BUSY, reason=reason, retry_after_s=_retry_after(answer))
        if status in _WRONG:
            return Attempt(Verdict.WRONG, too_large=status == 413, reason=reason)
        if status == 422 or status >= 500:
            return Attempt(Verdict.FAILED, reason=reason, retry_after_s=_retry_after(answer))
        return Attempt(Verdict.BARRED, reason=reason, retry_after_s=_retry_after(answer))


def delay_s(failures: int) -> float:
    """Seconds to wait after so many failures in a row: exponential, with full jitter."""
    return random.uniform(0, min(_LONGEST_DELAY_S, _FIRST_DELAY_S * 2 ** min(failures - 1, 16)))  # noqa: S311 - no secret


def _by_item(batch: Sequence[bytes], answer: httpx.Response) -> Attempt:
    """What an answer with a result for each item says."""
    try:
        results = orjson.loads(answer.content)["results"]
        errors: dict[int, dict[str, Any]] = {item["index"]: item["error"] for item in results if "error" in item}
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return Attempt(Verdict.BARRED, reason=f"{answer.url} does not answer as Loopgraph does")
    first = next(iter(errors.values()), None)
    return Attempt(
        Verdict.SETTLED,
        accepted=len(batch) - len(errors),
        rejected=len(errors),
        reason=None if first is None else orjson.dumps(first).decode(),
    )


def _retry_after(answer: httpx.Response) -> float | None:
    """Seconds of the Retry-After header, which names them or an instant (RFC 9110, § 10.2.3); at most an hour."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isdecimal():
        return min(float(value), 3600.0)
    try:
        wait = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(wait, 0.0), 3600.0)


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
