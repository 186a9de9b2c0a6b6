"""``loopgraph pattern render``: the text of a pattern's version that a unit of work is to run.

    loopgraph pattern render NAME --unit UNIT [--arguments TEXT] [--kind KIND] [--json] [--url URL] [--token-env NAME]

It stands where people wait: in a skill that fetches its own text, in scripts. So it is quick: whatever the service does, it is
asked for a second at the most (``LOOPGRAPH_HOOK_TIMEOUT``, seconds). When the service is away or gives no text, the last one that
it gave is printed (``--json`` says ``last_known``): that of the unit, else the latest of any, then without its experiment.
Exit code 0 with a text, else 1; what goes wrong is told on standard error.

Standard library only, and little of that.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from loopgraph.clients.address import service_token, service_url
from loopgraph.clients.limits import seconds

PATH = "/api/patterns/render"
_TIMEOUT_S = 1.0
_MAX_BYTES = 8 * 1024 * 1024
"""Of an answer; a longer one is none."""
_REMEMBERED = 200
"""So many units of a pattern are remembered with what they were given."""
_ASKING = "loopgraph-render"
_CALLERS = ("unit", "arguments", "kind")
"""Fields of the request that nobody but the caller can mend: another text than theirs would hide what is wrong. A pattern may be
gone, or one of two of its name, since the call was written, so for that the last known text is better than none."""
_OPTIONS = ("unit", "arguments", "kind", "url", "token-env")
_USAGE = "loopgraph pattern render NAME --unit UNIT [--arguments TEXT] [--kind KIND] [--json]"


class Wrong(Exception):
    """The command is wrong, by itself or as the service says; its text says how."""


class NoAnswer(Exception):
    """The service gives no text: it was not reached, cannot answer now, or will not."""


class Known:
    """What the service has answered before for one pattern, on disk: a folder with a file for each unit, and one of the latest.

    Each file is an answer as JSON and is put in place whole, so runs at one time lose nothing of each other's.
    """

    def __init__(self, root: Path, *what: str) -> None:
        self._folder = root / _digest(chr(0).join(what))
        self._latest = self._folder / "latest"

    def answer(self, unit: str) -> dict[str, Any] | None:
        """What the unit was given, else the latest of any without the arm that was another's; None if there is none."""
        if (own := _read(self._folder / _digest(unit))) is not None:
            return own
        latest = _read(self._latest)
        return None if latest is None else {**latest, "unit": unit, "experiment_id": None, "arm": None}

    def keep(self, unit: str, answer: Mapping[str, Any]) -> None:
        """Remembers what a unit was given. A disk that cannot hold it is no reason to fail."""
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for file in (self._folder / _digest(unit), self._latest):
                _write(file, json.dumps(answer))
            self._forget()

    def _forget(self) -> None:
        """Removes the files of those units that were not given a text for longest, and what runs that broke off have left."""
        units = [file for file in self._folder.iterdir() if file != self._latest]
        if len(units) <= _REMEMBERED:
            return
        changed = {}
        for file in units:
            with suppress(OSError):  # another run has removed it
                changed[file] = file.lstat().st_mtime_ns
        for file in sorted(changed, key=changed.__getitem__)[:-_REMEMBERED]:
            with suppress(OSError):
                file.unlink()


def _read(file: Path) -> dict[str, Any] | None:
    """The answer in a file; None if there is none, or one that was not written here."""
    try:
        answer = json.loads(file.read_bytes()) if file.is_file() and file.stat().st_size <= 2 * _MAX_BYTES else None
    except (OSError, ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) and isinstance(answer.get("text"), str) else None


def _write(file: Path, text: str) -> None:
    """Puts a file in place whole. Raises OSError."""
    aside = file.with_name(f"{file.name}.{os.urandom(8).hex()}")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
            opened.write(text.encode())
        aside.replace(file)
    except OSError:
        with suppress(OSError):
            aside.unlink()
        raise


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def default_root(environ: Mapping[str, str]) -> Path:
    """The user's folder of texts: ``LOOPGRAPH_RENDERED``, or where the platform keeps state (XDG on Linux)."""
    if given := environ.get("LOOPGRAPH_RENDERED"):
        return Path(given)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "loopgraph" / "rendered"
    return Path(environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "loopgraph" / "rendered"


def ask(url: str, token: str | None, request: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
    """What the service answers within the time, which is that of everything together. Raises Wrong, NoAnswer.

    A socket's own timeout begins anew with every byte, so the asking is a thread's that nobody waits for when the time is over.
    """
    found: list[dict[str, Any] | Exception] = []

    def work() -> None:
        try:
            found.append(_asked(url, token, request, timeout_s))
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=work, name=_ASKING, daemon=True)
    thread.start()
    thread.join(timeout_s)
    answer = found[0] if found else NoAnswer(f"{url} has not answered within {timeout_s:g} s")
    if isinstance(answer, Wrong | NoAnswer):
        raise answer
    if isinstance(answer, Exception):
        raise NoAnswer(f"{url} gives no answer that can be read: {type(answer).__name__}") from answer
    return answer


def _asked(url: str, token: str | None, request: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
    from http.client import HTTPConnection, HTTPException, HTTPSConnection

    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    try:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Wrong(f"--url must be an address such as {service_url({})}, not {url!r}")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.hostname, parts.port, timeout=timeout_s)
    except ValueError as error:
        raise Wrong(f"--url must be an address such as {service_url({})}, not {url!r}") from error
    try:
        connection.request("POST", parts.path.rstrip("/") + PATH, body=json.dumps(request).encode(), headers=headers)
        response = connection.getresponse()
        status, body = response.status, response.read(_MAX_BYTES + 1)
    except (OSError, HTTPException) as error:
        raise NoAnswer(f"{url} is not reached: {str(error) or type(error).__name__}") from error
    finally:
        connection.close()
    if len(body) > _MAX_BYTES:
        raise NoAnswer(f"{url} answers with more than {_MAX_BYTES} bytes")
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if status == 200 and isinstance(answer, dict) and isinstance(answer.get("text"), str):
        return answer
    problem = answer.get("error") if isinstance(answer, dict) else None
    said = (
        [str(problem[name]) for name in ("field", "message") if problem.get(name)] if isinstance(problem, dict) else []
    )
    refusal = ": ".join((f"{url} answers HTTP {status}", *said))
    if status == 400 and isinstance(problem, dict) and problem.get("field") in _CALLERS:
        raise Wrong(refusal)
    raise NoAnswer(refusal)


def read_options(words: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    """The options, each as ``--name value`` or ``--name=value``, and ``name``. Raises Wrong. (argparse is slow.)"""
    options = _defaults(environ)
    names, left = [], iter(words)
    for word in left:
        name, given, value = word.removeprefix("--").partition("=")
        if word == "--json":
            options["json"] = "yes"
        elif word.startswith("--") and name in _OPTIONS:
            if not given and (value := next(left, "")) == "":
                raise Wrong(f"--{name} needs a value; {_USAGE}")
            options[name] = value
        elif word.startswith("-"):
            raise Wrong(f"{word} is no option; {_USAGE}")
        else:
            names.append(word)
    if len(names) != 1 or not names[0].strip():
        raise Wrong(f"give one pattern, by its name or id; {_USAGE}")
    if not options.get("unit", "").strip():
        raise Wrong(f"--unit is wanted: a session, a user, a task, whatever should see one version only; {_USAGE}")
    return {**options, "name": names[0]}


def rendered(words: Sequence[str], environ: Mapping[str, str]) -> str:
    """What is to be printed. Raises Wrong, and NoAnswer if no text is known either."""
    options = read_options(words, environ)
    request = {"pattern": options["name"], "unit": options["unit"]}
    with suppress(OSError):  # a folder that is gone tells nothing
        request["folder"] = str(Path.cwd())
    request |= {name: options[name] for name in ("arguments", "kind") if name in options}
    known = _known(options, environ)
    timeout_s = seconds(environ, _TIMEOUT_S)
    try:
        answer = ask(options["url"], service_token(environ, options["token-env"]), request, timeout_s)
        known.keep(options["unit"], answer)
        last_known = False
    except NoAnswer as reason:
        if (there := known.answer(options["unit"])) is None:
            raise
        print(f"loopgraph: {reason}; this is the last known text of {options['name']}", file=sys.stderr)
        answer, last_known = there, True
    return json.dumps({**answer, "last_known": last_known}, indent=2) if "json" in options else str(answer["text"])


def remember(name: str, text: str, environ: Mapping[str, str]) -> None:
    """Makes a text the last known one of a pattern, so that there is one before the service has given any."""
    _known({**_defaults(environ), "name": name}, environ).keep("", {"text": text})


def _defaults(environ: Mapping[str, str]) -> dict[str, str]:
    return {"url": service_url(environ), "token-env": "LOOPGRAPH_TOKEN"}


def _known(options: Mapping[str, str], environ: Mapping[str, str]) -> Known:
    what = (options.get(name, "") for name in ("url", "name", "kind", "arguments"))
    return Known(default_root(environ), *what)


def main(words: Sequence[str]) -> int:
    """Prints the text; the exit code: 2 for a command that is wrong."""
    try:
        text = rendered(words, os.environ)
    except (Wrong, NoAnswer, OSError, ValueError) as error:
        print(f"loopgraph: {error}", file=sys.stderr)
        return 2 if isinstance(error, Wrong) else 1
    sys.stdout.buffer.write(text.encode("utf-8", "replace") + (b"" if text.endswith("\n") else b"\n"))
    sys.stdout.buffer.flush()
    return 0


def run(words: Sequence[str]) -> NoReturn:
    """Prints the text and ends the process."""
    code = main(words)
    if any(
        thread.name == _ASKING for thread in threading.enumerate()
    ):  # whatever the thread still waits for, the caller does not
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
