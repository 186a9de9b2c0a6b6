"""What backfills compute in Python: for each, a function from one row of its page to one row of its write, or None to leave it.

A migration is history: its functions keep doing what they did when it was written, whatever the rest of the program does.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import orjson

from loopgraph.contracts.lineage.text_form import form_of_version, kept
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.transaction import Row

Step = Callable[[Row], Row | None]


def _session(row: Row) -> Row:
    at = row["started_at"] or row["created_at"]
    return {"key": row["key"], "time_key": time_key(at, row["key"])}


def _open_trace(row: Row) -> Row | None:
    return {"key": row["key"], "open_key": row["time_key"]} if row["status"] == "in_progress" else None


def _body_digest(row: Row) -> Row | None:
    if row["text"] is None:
        return None
    body = row["text"].removeprefix("\ufeff")
    if row["pattern_type"] != "memory" and (matter := _FRONT_MATTER.match(body)):
        body = body[matter.end() :]
    lines = "\n".join(line.rstrip() for line in re.split(r"\r\n?|\n", body.removeprefix("\ufeff"))).strip()
    if not lines:
        return None
    digest = hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()
    return {"key": row["key"], "body_digest": f"sha256:{digest}"}


def _definition_key(row: Row) -> Row | None:
    kind, name = row["pattern_type"], row["pattern_name"]
    if kind is None or name is None:
        return None
    return {"key": row["key"], "definition_key": f"{kind}|{name.rpartition('/')[2] if kind == 'memory' else name}"}


_FRONT_MATTER: Final = re.compile(r"---[ \t]*\r?\n.*?(?:^|\n)---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)


def _record(row: Row) -> Row:
    return {"key": row["key"], "time_key": time_key(row["at"], row["key"])}


_CACHES: Final = ("cache_read_tokens", "cache_creation_tokens")
_MOST_TOKENS: Final = 2**53 - 1


def _with_caches(row: Row) -> Row | None:
    """The counts of a call as the client's own reports have them, if these say the same."""
    told = {
        tuple(_count(report.get(name)) for name in _CACHES)
        for source, report in orjson.loads(row["context"]).items()
        if source.startswith("otel.claude_code.") and isinstance(report, dict) and not report.keys().isdisjoint(_CACHES)
    }
    if len(told) != 1:
        return None
    [(read, written)] = told
    given = row["input_tokens"] + (read or 0) + (written or 0)
    if (read is None and written is None) or given > _MOST_TOKENS:
        return None
    ranks = orjson.loads(row["ranks"]) if row["ranks"] else {}
    known = {"cache_read_tokens": read, "cache_write_tokens": written}
    if weight := ranks.get("input_tokens"):
        ranks |= {name: weight for name, count in known.items() if count is not None}
    text = orjson.dumps(ranks, option=orjson.OPT_SORT_KEYS).decode() if ranks else None
    return {"key": row["key"], "input_tokens": given, **known, "ranks": text}


def _count(value: Any) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) < 17:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_TOKENS else None


def _retold(row: Row) -> Row | None:
    """Of a call and each one around it, one tells of the other again: the inner counts, unless only the outer uses tokens. The
    nearest has the most around it."""
    if not row["outer"]:
        return None
    retold = sorted({row["key"] if outer["uses"] and not row["uses"] else outer["id"] for outer in row["outer"]})
    nearest = sorted(row["outer"], key=lambda outer: -int(outer["depth"]))
    paid_by = next((outer["id"] for outer in nearest if outer["pays"]), None)
    told = next((outer for outer in nearest if outer["pays"] or outer["uses"]), None)
    pays_for = told["id"] if told and not told["pays"] and row["pays"] and not row["uses"] else None
    return {"key": row["key"], "paid_by": paid_by, "pays_for": pays_for, "retold": retold}


def _text_form(row: Row) -> Row | None:
    """By today's rule, which may be another than that of then: what is kept says by which it is, and one that is newer has a
    migration of its own, which comes after this."""
    parameters, metadata = (orjson.loads(row[name]) if row[name] else {} for name in ("parameters", "metadata"))
    form = kept(form_of_version(row["pattern_type"] or "", row["text"] or "", parameters, metadata.get("path")))
    return {"key": row["key"], "text_form": form} if form else None


_ONE_LOOK: Final[dict[str, Any]] = {
    "tail": None,
    "guardrails": [],
    "horizon": "fixed",
    "spending": "obrien_fleming",
    "planned_looks": 5,
    "treatment_share": 0.5,
    "max_units": None,
    "minimum_gain": None,
}


def _design(row: Row) -> Row | None:
    """Experiments from before there were designs were looked at once, in arms of one size."""
    if row["design"] is not None:
        return None
    return {"key": row["key"], "design": orjson.dumps({"metric": row.get("metric"), **_ONE_LOOK}).decode()}


def _risk(row: Row) -> Row:
    """By what an improvement changes; of a text it is only known that it is another one, so a reviewer is asked."""
    changes = orjson.loads(row["proposed_changes"]) if row["proposed_changes"] else {}
    names = sorted(changes.get("parameters") or {})
    reasons = []
    if "template_hash" in changes:
        reasons.append(("medium", "its text changes; how far was not told when it was proposed"))
    for name in names:
        if _MAY.search(name):
            reasons.append(("high", f"{name} says what it may do, and changes"))
        else:
            reasons.append(("medium", f"{name} changes; how far was not told when it was proposed"))
    reasons.sort(key=lambda one: one[0])  # high comes before medium
    return {
        "key": row["key"],
        "risk": reasons[0][0] if reasons else "low",
        "risk_reasons": [reason for _, reason in reasons],
    }


_MAY: Final = re.compile(r"tools?$|allow|deny|permi|sandbox|approv|bypass|danger|credential|mcp", re.IGNORECASE)


STEPS: Final[Mapping[str, Step]] = MappingProxyType(
    {
        "0003_sessions_and_open_traces/1_sessions": _session,
        "0003_sessions_and_open_traces/2_traces": _open_trace,
        "0005_body_digests/1_versions": _body_digest,
        "0006_uses/1_versions": _definition_key,
        "0008_keys_of_records/1_logs": _record,
        "0008_keys_of_records/2_points": _record,
        "0009_tokens_of_caches/1_calls": _with_caches,
        "0011_retold_calls/1_calls": _retold,
        "0015_text_forms/1_versions": _text_form,
        "0017_designs/1_runs": _design,
        "0017_designs/2_experiments": _design,
        "0020_risk/1_improvements": _risk,
    }
)
"""By migration and backfill. A backfill that is not named here writes the rows of its page as they are."""
