"""How a tool call of Codex ended: by the words that its model was given, and by what the client keeps of it.

The words are those of clients 0.20, 0.45, 0.92 and 0.171, as recorded, and of its published sources (codex-rs/core/src/tools).
What a call came to is told in no field of its own: a command's output begins with its exit code, in one of several forms, and a
call that did not run is answered with the reason.
"""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

from loopgraph.computes.agents import hooks
from loopgraph.computes.agents.endings import DENIED, INTERRUPTED, REFUSED
from loopgraph.computes.transcripts.lines import mapping_of, texts_of
from loopgraph.contracts.traces.events import TraceStatus

_HEAD: Final = 600
"""So many characters are looked at: what became of a call stands before its output."""

_EXIT: Final = re.compile(r"^(?:Exit code:|Process exited with code) (-?\d{1,10})$", re.MULTILINE)
_RUNS_ON: Final = re.compile(r"^Process running with session ID ", re.MULTILINE)
_OUTPUT: Final = re.compile(r"^Output:$", re.MULTILINE)
_NESTED_EXIT: Final = re.compile(r"\s*Output:\nExit code: (-?\d{1,10})\n")

_ABORTED: Final = re.compile(
    r"(?:Wall time: [\d.]+ seconds?\n)?\s*(?:command )?abort(?:ed)?(?: by user\b.*)?\s*\Z", re.DOTALL
)
_DENIAL: Final = re.compile(
    r"""(?:exec\ command|patch)\ rejected\b             # a person, or the settings in their place
    | exec_command\ failed:.{0,80}?Rejected\(
    | user\ (?:rejected|cancelled)\ MCP\ tool\ call
    | (?:.{0,200}?;\ )?rejected\ by\ (?:user|configuration)\b
    | approval\ policy\ is\ .{0,80}?;\ reject\ command
    | `.{0,400}?`\ rejected:
    | writing\ .{0,80}?;\ rejected\ by
    | This\ action\ was\ rejected\ due\ to
    | (?:Command|Tool\ call)\ blocked\ by\ PreToolUse\ hook""",
    re.VERBOSE | re.DOTALL,
)
_REFUSAL: Final = re.compile(r"unsupported (?:custom tool )?call: |failed to parse function arguments\b|unknown tool\b")
_FAILURE: Final = re.compile(r"(?:unable to|failed to|execution error|tool call error)\b|\w{1,40} failed: ")

_STATUSES: Final = {
    "failed": TraceStatus.ERROR,
    "declined": TraceStatus.DENIED,
    "denied": TraceStatus.DENIED,
    "interrupted": TraceStatus.INTERRUPTED,
    "aborted": TraceStatus.INTERRUPTED,
    "timed_out": TraceStatus.TIMEOUT,
}


def told(output: Any) -> dict[str, Any] | None:
    """Status and error of a call, by what its model was told; None where that does not tell. ``output`` is a text or blocks."""
    text = texts_of(output)
    if text.startswith('{"output"'):
        return _structured(text)
    head = text[:_HEAD]
    if _ABORTED.match(head):
        return hooks.failed(head.strip(), TraceStatus.INTERRUPTED, INTERRUPTED)
    if _DENIAL.match(head):
        return hooks.failed(head.strip(), TraceStatus.DENIED, DENIED)
    if _REFUSAL.match(head):
        return hooks.failed(head.strip(), kind=REFUSED)
    if (code := exit_code(head)) is not None:
        return _of_code(code)
    if _RUNS_ON.search(head):
        return {"status": TraceStatus.SUCCESS}
    return hooks.failed(head.strip()) if _FAILURE.match(head) else None


def exit_code(text: str) -> int | None:
    """The exit code that stands in the lines before a command's output."""
    before, found, rest = text[:_HEAD], _OUTPUT.search(text[:_HEAD]), ""
    if found:
        before, rest = text[: found.start()], text[found.start() : found.start() + _HEAD]
    code = _EXIT.search(before) or _NESTED_EXIT.match(rest)
    return int(code[1]) if code else None


def _structured(text: str) -> dict[str, Any] | None:
    try:
        metadata = mapping_of(mapping_of(orjson.loads(text)).get("metadata"))
    except orjson.JSONDecodeError:
        return None
    code = metadata.get("exit_code")
    return _of_code(code) if isinstance(code, int) and not isinstance(code, bool) else None


def _of_code(code: int) -> dict[str, Any]:
    return hooks.exited(code) or {"status": TraceStatus.SUCCESS}


def kept(item: dict[str, Any]) -> dict[str, Any] | None:
    """Status and error of a call, by what the client keeps of it when it is over; None where that does not tell."""
    status, code = item.get("status"), item.get("exit_code")
    known = _STATUSES.get(status) if isinstance(status, str) else None
    has_code = isinstance(code, int) and not isinstance(code, bool)
    if known is TraceStatus.DENIED:
        return hooks.failed(_reason(item) or "declined", known, DENIED)
    if known is TraceStatus.INTERRUPTED:
        return hooks.failed(_reason(item), known, INTERRUPTED)
    if has_code and (exited := hooks.exited(code)):
        return exited
    failed = known is not None or item.get("success") is False or _went_wrong(item.get("result"))
    if failed:
        return hooks.failed(_reason(item), known or TraceStatus.ERROR)
    succeeded = status == "completed" or item.get("success") is True or has_code or bool(mapping_of(item.get("result")))
    return {"status": TraceStatus.SUCCESS} if succeeded else None


def _went_wrong(result: Any) -> bool:
    """Whether the result of an MCP server's tool is an error."""
    found = mapping_of(result)
    flags = (mapping_of(found.get("Ok")), found)
    return "Err" in found or any(one.get("is_error") is True or one.get("isError") is True for one in flags)


def _reason(item: dict[str, Any]) -> str | None:
    result, error = mapping_of(item.get("result")), item.get("error")
    said = (
        item.get("stderr"),
        error,
        mapping_of(error).get("message"),
        result.get("Err"),
        item.get("aggregated_output"),
    )
    return next((text[:_HEAD].strip() for text in said if isinstance(text, str) and text.strip()), None)


def duration_ms(value: Any) -> float | None:
    """A duration as Rust writes it, ``{"secs", "nanos"}``, in milliseconds."""
    parts = [mapping_of(value).get(name) for name in ("secs", "nanos")]
    if not all(isinstance(part, int) and not isinstance(part, bool) and 0 <= part < 2**40 for part in parts):
        return None
    seconds, nanos = parts
    return float(seconds) * 1e3 + float(nanos) / 1e6  # type: ignore[arg-type]
