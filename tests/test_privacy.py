"""Secrets in every place of every door's payloads: what the doors make of them, and then the whole database and every file."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from google.protobuf.json_format import ParseError
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from loopgraph.computes.agents.claude_code import Arrival, observe_hook
from loopgraph.computes.otel import json as otel_json
from loopgraph.computes.otel.logs import observe_logs
from loopgraph.computes.otel.metrics import observe_points
from loopgraph.computes.otel.spans import observe_spans
from loopgraph.computes.privacy.policy import Privacy
from loopgraph.computes.privacy.redaction import Redactor
from loopgraph.contracts.traces.events import HookExecuted
from loopgraph.contracts.traces.observations import Observation
from loopgraph.errors import InvalidInput, SetupError
from loopgraph.settings import CaptureContent, Settings
from support.agent_session import tell
from support.otlp import protobuf
from support.prepared import prepared
from support.quick import first_quick
from support.secret_places import (
    ALL,
    FORMS,
    MUTATIONS,
    batch_events,
    core,
    fresh,
    graphql_input,
    hidden,
    hook_payloads,
    otlp_payloads,
    places,
)
from support.service import Service, operation, serving
from support.traces import statement

pytestmark = pytest.mark.slow

Json = dict[str, Any]

HOOKS = "/api/hooks/claude-code"
PAYLOADS: list[tuple[str, Json]] = [*((HOOKS, payload) for payload in hook_payloads()), *otlp_payloads()]
PLACES = [(path, body, at) for path, body in PAYLOADS for at in places(body)]
ARRIVAL = Arrival(datetime(2026, 3, 1, tzinfo=UTC), stamped=False, execution_id="hook-1")


def observed(path: str, body: Any) -> tuple[Observation, ...]:
    """What a door makes of a body. Raises InvalidInput."""
    match path:
        case "/v1/traces":
            report = observe_spans(otel_json.read_spans(body))
        case "/v1/logs":
            report = observe_logs(otel_json.read_logs(body))
        case "/v1/metrics":
            report = observe_points(otel_json.read_points(body))
        case _:
            return observe_hook(body, ARRIVAL)
    assert not any(ALL in reason for reason in report.refused.values())
    return tuple(report.observations)


def kept(path: str, body: Any, privacy: Privacy) -> str:
    """What may be stored of a body, as text, with the reasons why some of it is refused."""
    try:
        observations = observed(path, body)
    except InvalidInput as error:
        return str(error)
    told = []
    for observation in observations:
        try:
            told.append(privacy.clean(observation).model_dump_json())
        except InvalidInput as error:
            told.append(str(error))
    return "\n".join(told)


class TestWhatTheDoorsMake:
    @pytest.mark.parametrize("content", first_quick([CaptureContent.REDACTED, CaptureContent.NONE]))
    @settings(max_examples=300)
    @given(place=st.sampled_from(PLACES), form=st.sampled_from(FORMS))
    def test_no_place_keeps_a_secret(self, content: CaptureContent, place: tuple[str, Any, Any], form: str) -> None:
        path, body, at = place
        secret = core(0)
        body = hidden(body, at, form.format(secret), secret)
        assert ALL not in kept(path, body, Privacy(content=content))

    @settings(max_examples=100)
    @given(place=st.sampled_from(PLACES))
    def test_without_content_no_text_of_an_unknown_field_stays(self, place: tuple[str, Any, Any]) -> None:
        path, body, at = place
        if isinstance(at[-1] if at else "", int):
            return
        words = "what the user said in confidence"
        body = hidden(body, at, words, words) if not at or at[-1] in CONTENT_FIELDS else body
        assert words not in kept(path, body, Privacy(content=CaptureContent.NONE))

    def test_full_keeps_what_was_said_and_still_no_secret_in_names_and_headers(self) -> None:
        secret = "ghp_0123456789abcdefghijABCDEFGHIJ"
        body = {
            "hook_event_name": "PreToolUse", "session_id": "s", "prompt_id": "p", "tool_use_id": "t",
            "tool_name": secret, "tool_input": {"command": f"echo {secret}"}, "cwd": f"/tmp/{secret}",
        }  # fmt: skip
        found = kept(HOOKS, body, Privacy(content=CaptureContent.FULL))
        assert found.count(secret) == 1
        assert f"echo {secret}" in found

    def test_nothing_of_a_real_session_is_refused_or_changed(self) -> None:
        privacy = Privacy(Redactor(emails=True))
        for sent in tell().sent:
            for observation in observed(HOOKS if sent.is_hook else sent.path, sent.body):
                assert privacy.clean(observation) is observation


CONTENT_FIELDS = ("prompt", "last_assistant_message", "tool_input", "tool_response", "error", "message", "title")


@dataclass
class Stage:
    """A service of its own, what was hidden in requests to it, and what it logged."""

    service: Service
    folder: Path
    stack: AsyncExitStack
    logged: list[str]
    secrets: int = 0
    statuses: set[int] = field(default_factory=set)

    def hide(self, body: Any, at: Any, form: str) -> Any:
        """The body with a new secret in this place."""
        self.secrets += 1
        secret = core(self.secrets)
        return hidden(body, at, form.format(secret), secret)

    async def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> None:
        """Sends a body, with a secret in a header and one in the query, too."""
        headers = {"authorization": f"Bearer {core(0)}", "content-type": "application/json", **(headers or {})}
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        response = await self.service.http.post(path, params={"api_key": core(0)}, content=body, headers=headers)
        self.statuses.add(response.status_code)


class _Log(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder, log = tmp_path_factory.mktemp("privacy"), _Log()
    root = logging.getLogger()
    root.addHandler(log)
    async with AsyncExitStack() as stack:
        options = Settings(graph_url=f"embedded:{prepared(folder / 'graph')}", dead_letter_folder=folder / "letters")
        service = await stack.enter_async_context(serving(options))
        yield Stage(service, folder, stack, log.lines)
    root.removeHandler(log)


class TestTheWholeDatabase:
    """Few examples, each with many secrets."""

    @settings(max_examples=2, phases=[Phase.generate])
    @given(random=st.randoms(use_true_random=False))
    async def test_hooks_and_opentelemetry(self, stage: Stage, random: Random) -> None:
        for i, (path, body, at) in enumerate(random.sample(PLACES, 40)):
            form = random.choice(FORMS)
            hiding, headers = stage.hide(body, at, form), {}
            if path != HOOKS and i % 2:
                # What protobuf has no field for, or no id, goes as JSON.
                with contextlib.suppress(ParseError, ValueError):
                    hiding, headers = protobuf(path, hiding), {"content-type": "application/x-protobuf"}
            await stage.post(path, hiding, headers)
        await self.search(stage)

    @pytest.mark.exhaustive
    @settings(max_examples=2, phases=[Phase.generate])
    @given(forms=st.permutations(FORMS))
    async def test_batches_single_events_and_graphql(self, stage: Stage, forms: list[str]) -> None:
        items = [(event, at) for event in batch_events() for at in places(event) if at != ("kind",)]
        turn = [forms[i % len(forms)] for i in range(len(items))]
        hiding = [stage.hide(fresh(event), at, form) for (event, at), form in zip(items, turn, strict=True)]
        await stage.post("/api/traces/batch", hiding)
        await stage.post("/api/traces/batch", b"\n".join(json.dumps(event).encode() for event in hiding[::7]))
        for event in hiding[::5]:
            kind = event.pop("kind")
            await stage.post(f"/api/traces/{kind}", event)
            event["kind"] = kind
        for event in hiding[::3]:
            variables = {"input": graphql_input(fresh(event))}
            await stage.post("/graphql", {"query": operation(MUTATIONS[event["kind"]]), "variables": variables})
        await self.search(stage)

    async def search(self, stage: Stage) -> None:
        """Every property of every node and relationship."""
        graph, seen = stage.service.parts.graph, 0
        for text in ("MATCH (n) RETURN properties(n) AS found", "MATCH ()-[r]->() RETURN properties(r) AS found"):
            rows = [json.dumps(row["found"], default=str) for row in await statement(graph, text)]
            assert not [row for row in rows if ALL in row]
            seen += len(rows)
        assert seen > 10
        assert 200 in stage.statuses
        assert max(stage.statuses) < 500

    async def test_and_every_file(self, stage: Stage) -> None:
        """The database, its logs, the dead letters, and what the service logged, once the service has ended."""
        secret, trace = core(9_999), "dead-letter-trace"
        event = HookExecuted(correlation_id=trace, execution_id=trace, hook_type="T", success=True)
        values = {**dict(event), "error_message": f"\ud800 password={secret}", "context": {"api_key": secret}}
        poison = HookExecuted.model_construct(_fields_set=set(values), **values)
        await stage.service.parts.recorder.record([poison])
        body = {"hook_event_name": "Notification", "session_id": "last-session", "message": f"token={secret} and more"}
        await stage.post(HOOKS, body)
        await stage.stack.aclose()

        files = {path: path.read_bytes() for path in stage.folder.rglob("*") if path.is_file()}
        assert b"dead-letter-trace" in files[stage.folder / "letters" / "dead-letters.jsonl"]
        assert any(b"last-session" in content and b"[REDACTED] and more" in content for content in files.values())
        assert not [path for path, content in files.items() if ALL.encode() in content]
        assert any("put aside" in line for line in stage.logged)
        assert not [line for line in stage.logged if ALL in line]


class TestSettings:
    def test_lists_are_read_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LOOPGRAPH_REDACT_NAMES", "badge_pin, salary,")
        monkeypatch.setenv("LOOPGRAPH_REDACT_PATTERNS", r'["EMP-\\d{6}", "a,b"]')
        monkeypatch.setenv("LOOPGRAPH_REDACT_EMAILS", "true")
        monkeypatch.setenv("LOOPGRAPH_CAPTURE_CONTENT", "none")
        monkeypatch.setenv("LOOPGRAPH_MAX_FIELD_BYTES", "2048")
        expected = Privacy(Redactor(("badge_pin", "salary"), (r"EMP-\d{6}", "a,b"), True), CaptureContent.NONE, 2048)
        assert Privacy.configured(Settings()) == expected

    def test_what_cannot_work_is_said_at_start_with_the_name_of_the_setting(self) -> None:
        with pytest.raises(SetupError, match=r"^LOOPGRAPH_REDACT_PATTERNS: '\(' is no regular expression"):
            Privacy.configured(Settings(redact_patterns=("(",)))
        with pytest.raises(SetupError, match=r"^LOOPGRAPH_REDACT_NAMES: '-' has no letter"):
            Privacy.configured(Settings(redact_names=("-",)))

    @pytest.mark.parametrize("text", ["[A-Z]{3}", "EMP", '"EMP"', "[1]"])
    def test_patterns_that_are_no_list_are_refused(self, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LOOPGRAPH_REDACT_PATTERNS", text)
        with pytest.raises(ValueError, match="redact_patterns"):
            Settings()
