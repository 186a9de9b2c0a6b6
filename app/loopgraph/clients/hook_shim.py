"""``loopgraph-hook``: hands a hook event of an agent client from standard input to the service.

    loopgraph-hook [--url URL] [--token-env NAME] [--pattern ID] [--client NAME] [--event NAME] [--level NAME] [JSON]

Claude Code is the client unless ``--client`` says ``codex``, ``gemini``, ``cursor`` or ``copilot``. ``--event`` names the event
for a client that does not say it in the event itself. ``--level`` says whose settings the hook stands in: a client that finds two
hooks for an event runs both, and the service has to know them apart, to count the event once. An event that is an argument, as
Codex gives it to its ``notify`` program, is not read from standard input. Every client but Claude Code gets the answer that
changes nothing, whatever the service says; but a prompt that is one of ``LOOPGRAPH_RATE_WORDS`` and a number is a rating, which
the service answers, and which is kept from the model also while the service is away.

The agent waits for its hooks, so this one is quick and quiet: it ends after a second at the latest (``LOOPGRAPH_HOOK_TIMEOUT``,
seconds), always with exit code 0, and says nothing but what the service answers to the agent. An event that the service cannot
take now is kept on disk, and the next run that reaches the service sends it, with the instant it happened and the id it was
given then, so that it counts once. So is one that the service refuses, until it is known whose fault that is; `loopgraph hooks
status` says if it refuses all, for the token or the address.
``LOOPGRAPH_HOOK_DEBUG`` set: what goes wrong is told on standard error.

Standard library only, and little of that.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit
from zlib import crc32

from loopgraph.clients.address import service_token, service_url
from loopgraph.clients.hook_files import may_be_about_a_file, with_file
from loopgraph.clients.hook_spool import Outcome, Spool, default_root
from loopgraph.clients.limits import mistakes, seconds, spool_bytes
from loopgraph.clients.rating_words import KEPT, blocked, is_rating, may_be_rating, rating_words

CLAUDE_CODE = "claude-code"
CLIENTS = (CLAUDE_CODE, "codex", "gemini", "cursor", "copilot")
"""The clients that have a door; its path ends in the name."""
_IN_ORDER = frozenset({"gemini", "copilot"})
"""Clients that name neither prompts nor calls: what an event is about depends on those before it, so it waits behind them."""
_DOORS = "/api/hooks/"
PATH = _DOORS + CLAUDE_CODE
_TOTAL_S = 1.0
_SPOOL_SHARE_S = 0.25
"""How long one run sends what others left, so that a long spool is spread over many runs."""

_REFUSED = frozenset({400, 409, 413, 415, 422})
"""Statuses of an event that is wrong. Others below 500 can be mended: by a token, by an address."""
_FAULTS = frozenset({"INVALID_INPUT", "UNPROCESSABLE", "CONFLICT", "BODY_TOO_LARGE"})
"""Loopgraph's own codes for these, where they are about the event and nothing else."""
_BROKEN = 500
"""As which it counts that a service had the event and broke off without an answer: it may break at this one."""
_REASON = 300
"""So many characters are told of what the service says."""
_BUSY = frozenset({408, 425, 429, 502, 503, 504})
"""Those of a service that cannot answer any event now, or not this one. Others from 500 on may be the fault of the one event."""

ANSWERED = frozenset(
    {
        "SessionStart", "Setup", "SubagentStart", "UserPromptSubmit", "UserPromptExpansion", "PreToolUse", "PostToolUse",
        "PostToolUseFailure", "PostToolBatch",
    }
)  # fmt: skip
"""The events whose output the client reads."""


class Answer:
    """What the service said to one event; ``status`` is None if it was not reached, and ``body`` then says why."""

    def __init__(self, status: int | None, body: bytes = b"") -> None:
        self.status, self.body = status, body

    @property
    def outcome(self) -> Outcome:
        """What became of the event."""
        status = self.status
        if status is None:
            return Outcome.AWAY
        if 200 <= status < 300:
            return Outcome.ACCEPTED
        if status in _BUSY:
            return Outcome.BUSY
        if status >= 500:
            return Outcome.FAILED
        # An address without the door is "not found", too; where Loopgraph says so, it is for good.
        unknown = status == 404 and b'"NOT_FOUND"' in self.body
        return Outcome.REFUSED if status in _REFUSED or unknown else Outcome.BARRED

    @property
    def blames_the_event(self) -> bool:
        """Whether it is Loopgraph that refuses the event, for what is in it: what is in front of it has no such codes."""
        return self.outcome is Outcome.REFUSED and (self._error() or {}).get("code") in _FAULTS

    @property
    def reason(self) -> str:
        """Why the event was not taken, in one line: the status, and what the service says."""
        text, error = self.body.decode(errors="replace"), self._error()
        if error is not None:
            text = ": ".join(str(error[name]) for name in ("field", "message") if name in error)
        text = "".join(sign if sign.isprintable() else " " for sign in text)[:_REASON].strip()
        status = "not reached" if self.status is None else f"HTTP {self.status}"
        return f"{status}: {text}" if text else status

    def _error(self) -> dict[str, object] | None:
        """What the service says, if it says it in Loopgraph's form."""
        try:
            error = json.loads(self.body)["error"]
        except (ValueError, KeyError, TypeError):
            return None
        return error if isinstance(error, dict) else None


_SENDER = "."
"""What stands before the sender in the id of an event: one that is kept on disk still says who sent it."""


def _sent_by() -> str:
    """Which of several hooks that the client may run for an event this is: those with one command line it runs once."""
    return f"{crc32(chr(0).join(sys.argv).encode(errors='replace')):08x}"


def neutral(client: str, event: object) -> bytes:
    """The answer that leaves the client to do what it does without a hook: nothing, where that is one."""
    if client != "cursor":
        return b""
    return b'{"continue": true}' if event == "beforeSubmitPrompt" else b"{}"


def split_address(address: str) -> tuple[str, str]:
    """The service's URL and the client, of an address of a door."""
    url, door, client = address.partition(_DOORS)
    return (url, client) if door and client in CLIENTS else (address, CLAUDE_CODE)


class Door:
    """The service's door for the hook events of a client."""

    def __init__(self, url: str, token: str | None, timeout_s: float, client: str = CLAUDE_CODE) -> None:
        self.url, self.client, self._token, self._timeout_s = url.rstrip("/"), client, token, timeout_s

    @property
    def address(self) -> str:
        """What events that wait for this door are kept under: the URL, and the client if it is not Claude Code."""
        return self.url if self.client == CLAUDE_CODE else f"{self.url}{_DOORS}{self.client}"

    def post(self, at_ns: int, execution_id: str, event: bytes, pattern: str = "") -> Answer:
        """Sends one event. Does not raise for anything that the service or the network does.

        ``pattern`` is for an event that happens now: the answer has its template, and its use is counted.
        """
        from http.client import HTTPConnection, HTTPException, HTTPSConnection, RemoteDisconnected

        headers = {
            "Content-Type": "application/json",
            "X-Event-Timestamp": rfc3339(at_ns),
            "X-Execution-ID": execution_id,
            "X-Sent-By": execution_id.partition(_SENDER)[2] or _sent_by(),
        }
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            parts = urlsplit(self.url)
            kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
            query = f"?pattern={quote(pattern, safe='')}" if pattern else ""
            connection = kind(parts.hostname or "", parts.port, timeout=self._timeout_s)
            try:
                connection.request("POST", f"{parts.path}{_DOORS}{self.client}{query}", body=event, headers=headers)
                response = connection.getresponse()
                return Answer(response.status, response.read())
            finally:
                connection.close()
        except (OSError, HTTPException, ValueError) as error:
            debug(f"{self.url}: {type(error).__name__}: {error}")
            return Answer(_BROKEN if isinstance(error, RemoteDisconnected) else None, str(error).encode())


class Run:
    """One invocation: reads the event, hands it over or spools it, and sends what was spooled before."""

    def __init__(self, door: Door, spool: Spool, pattern: str = "", event_name: str = "", given: str = "") -> None:
        self._door, self._spool, self._pattern = door, spool, pattern
        self._event_name, self._given = event_name, given
        self._at_ns, self._execution_id = time.time_ns(), f"{os.urandom(16).hex()}{_SENDER}{_sent_by()}"
        self._event: bytes | None = None
        self._is_rating = False
        self._settling, self._settled = threading.Lock(), False
        self.output = neutral(door.client, event_name)

    def work(self) -> None:
        """All of it; runs in a thread that nobody waits for when the time is over."""
        event = self._given.encode(errors="surrogateescape") or sys.stdin.buffer.read()
        if not event.strip():
            return
        self._event = event
        self._event = event = self._completed(event)
        if self._door.client in _IN_ORDER and not self._spool.is_empty():
            self._settle(keep=True)
            self._send_spooled(accepts=False)
            return
        answer = self._door.post(self._at_ns, self._execution_id, event, self._pattern)
        accepted = answer.outcome is Outcome.ACCEPTED
        if accepted and (self._door.client == CLAUDE_CODE or self._is_rating):
            self.output = self._for_the_agent(answer.body)
        elif not accepted:
            debug(f"the service does not take the event: {answer.status} {answer.body[:300]!r}")
        self._settle(keep=not accepted)
        self._tell(answer)
        if answer.outcome in (Outcome.ACCEPTED, Outcome.REFUSED, Outcome.FAILED):
            self._send_spooled(accepts=accepted)

    def _send_spooled(self, *, accepts: bool) -> None:
        def post(at_ns: int, execution_id: str, event: bytes) -> Outcome:
            answer = self._door.post(at_ns, execution_id, event)
            self._tell(answer)
            return answer.outcome

        self._spool.send(post, time.monotonic() + _SPOOL_SHARE_S, accepts=accepts)

    def _tell(self, answer: Answer) -> None:
        """Writes down whether the service takes events from here."""
        if answer.outcome is Outcome.ACCEPTED:
            self._spool.tell_taken()
        elif answer.outcome is Outcome.BARRED:
            self._spool.tell_barred(f"HTTP {answer.status}")

    def _completed(self, event: bytes) -> bytes:
        """The event with what its client does not say: its name, and the file that it is about."""
        client, given = self._door.client, self._event_name
        is_looked_at = may_be_about_a_file(event + given.encode(), client)
        words = rating_words(os.environ)
        if not (given or client == "cursor" or is_looked_at or may_be_rating(event, words)):
            return event
        try:
            fields = json.loads(event)
        except ValueError:
            return event
        if not isinstance(fields, dict):
            return event
        said = fields
        if given and "hook_event_name" not in fields:
            said = {**fields, "hook_event_name": given}
            self._event = json.dumps(said).encode()  # if looking at files takes too long, it is kept as it is here
        self._is_rating = is_rating(said, client, words)
        self.output = blocked(client, KEPT) if self._is_rating else neutral(client, said.get("hook_event_name"))
        if is_looked_at:
            said = with_file(said, client)
        return event if said is fields else json.dumps(said).encode()

    def give_up(self) -> None:
        """The time is over: an event that nothing is known of is spooled. If the service has it after all, its id tells."""
        self._settle(keep=True)

    def _settle(self, *, keep: bool) -> None:
        with self._settling:  # whoever comes second waits until the first has written
            if self._settled or self._event is None:
                return
            self._settled = True
            if keep:
                self._keep(self._event)

    def _keep(self, event: bytes) -> None:
        if not self._spool.put(self._at_ns, self._execution_id, event):
            debug("the spool is full; the event is dropped")

    def _for_the_agent(self, body: bytes) -> bytes:
        """The answer, if it says something and the client reads it."""
        try:
            answer, event = json.loads(body), json.loads(self._event or b"")
        except ValueError:
            answer = event = None
        name = event.get("hook_event_name") if isinstance(event, dict) else None
        read = name in ANSWERED or self._is_rating
        return body if read and isinstance(answer, dict) and answer else neutral(self._door.client, name)


def main() -> None:
    """Entry point."""
    try:
        began = time.monotonic()
        total_s = seconds(os.environ, _TOTAL_S)
        options = read_options(sys.argv[1:], os.environ)
        for mistake in mistakes(os.environ):
            debug(mistake)
        if options["client"] not in CLIENTS:
            raise ValueError(f"--client {options['client']} is none of {', '.join(CLIENTS)}")
        door = Door(options["url"], service_token(os.environ, options["token-env"]), total_s, options["client"])
        spool = Spool(default_root(), door.address, spool_bytes(os.environ))
        run = Run(door, spool, options["pattern"], options["event"], options["json"])
        worker = threading.Thread(target=_guarded, args=(run,), daemon=True)
        worker.start()
        worker.join(max(0.0, total_s - (time.monotonic() - began)))
        if worker.is_alive():
            run.give_up()
        sys.stdout.buffer.write(run.output)
        sys.stdout.flush()
    except BaseException as error:  # also Ctrl-C, which the agent gets and hands on
        debug(f"{type(error).__name__}: {error}")
    os._exit(0)  # whatever the thread still waits for, the agent does not


def _guarded(run: Run) -> None:
    try:
        run.work()
    except Exception as error:
        debug(f"{type(error).__name__}: {error}")


def read_options(arguments: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    """The options, each as ``--name value`` or ``--name=value``; unknown ones are left alone. (argparse is slow.)

    ``json`` is an event that is an argument.
    """
    options = {"url": service_url(environ), "token-env": "LOOPGRAPH_TOKEN", "pattern": ""}
    options |= {"client": CLAUDE_CODE, "event": "", "json": ""}
    words = iter(arguments)
    for word in words:
        name, given, value = word.removeprefix("--").partition("=")
        if word.startswith("--") and name in options:
            options[name] = value if given else next(words, options[name])
        elif word.startswith("{"):
            options["json"] = word
    return options


def rfc3339(at_ns: int) -> str:
    """An instant, in ns since 1970, in microseconds."""
    return datetime.fromtimestamp(at_ns / 1e9, UTC).isoformat(timespec="microseconds")


def debug(text: str) -> None:
    """Tells on standard error, if that is wanted."""
    if os.environ.get("LOOPGRAPH_HOOK_DEBUG"):
        print(f"loopgraph-hook: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
