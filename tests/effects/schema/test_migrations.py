"""Databases of every older version open with all that they hold, wherever an upgrade was cut off and however many share it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loopgraph.assets import asset, digest_of, schema_statements
from loopgraph.computes.otel.json import read_logs, read_spans
from loopgraph.computes.otel.logs import observe_logs
from loopgraph.computes.otel.report import Report
from loopgraph.computes.otel.spans import observe_spans
from loopgraph.computes.success.own import OwnCriteria
from loopgraph.contracts.analytics.subjects import EVERYTHING, Subject, SubjectKind
from loopgraph.contracts.analytics.windows import Grain, Window
from loopgraph.contracts.base import Page
from loopgraph.contracts.lineage.bodies import body_digest, digest_of_version
from loopgraph.contracts.lineage.text_form import form_of_version, kept_form
from loopgraph.contracts.loop.design import PLAIN
from loopgraph.contracts.loop.experiments import Method
from loopgraph.contracts.loop.feedback import Verdict
from loopgraph.contracts.traces.sessions import LogFilter, MetricFilter
from loopgraph.contracts.traces.uses import definition_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.schema import migrations as framework
from loopgraph.effects.schema import schema
from loopgraph.effects.schema.migrations import migrations, recorded_migrations
from loopgraph.effects.schema.schema import SCHEMA_VERSION, examine, look, prepare, recorded_version, upgrade
from loopgraph.effects.traces.reading.records import RecordReads
from loopgraph.effects.traces.reading.sessions import SessionReads
from loopgraph.effects.traces.recording.timeouts import TraceTimeouts
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.effects.usage.reads import UsageReads
from loopgraph.effects.usage.rounds import Rounds
from loopgraph.errors import ForeignData, SetupError
from loopgraph.orchestrators.analytics.rebuilding import Rebuilding
from loopgraph.orchestrators.analytics.rolling import Rolling
from loopgraph.settings import Engine, Migrate, Settings
from support import old_databases
from support.feedback import make_subject
from support.otlp import START_NS, TRACE, attributes, logs, span, traces
from support.own_engine import OwnEngine
from support.quick import first_quick
from support.traces import statement

pytestmark = pytest.mark.slow

Json = dict[str, Any]

LATER = datetime(2027, 1, 1, tzinfo=UTC)


async def opened_by_version_2(graph: Graph) -> None:
    """What version 2 did to a database of version 1: its schema, and no more."""
    await old_databases.load(graph, 1)
    for text in schema_statements(graph.server.engine):
        await graph.run_alone(text)
    await graph.run_alone("MATCH (s:SchemaVersion) SET s.version = 2")


async def load(graph: Graph, origin: str) -> int:
    """Loads a database; the version of the fixture that it was made from."""
    if origin == "1, then opened by 2":
        await opened_by_version_2(graph)
        return 1
    await old_databases.load(graph, int(origin))
    return int(origin)


ORIGINS = ("1", "2", "1, then opened by 2")


def backfilled(version: int) -> int:
    """How many rows the backfills write: of versions the key of their definition and the form of their text, of sessions and open
    traces a key, and a mark for each trace."""
    labels = ("PatternVersion", "PatternVersion", "Session", "Trace")
    return sum(len(old_databases.nodes(version, label)) for label in labels) + len(open_traces(version))


def open_traces(version: int) -> set[str]:
    traces = old_databases.nodes(version, "Trace")
    return {trace["correlation_id"] for trace in traces if trace["status"] == "in_progress"}


async def assert_whole(graph: Graph, version: int) -> None:
    """Every session of the fixture is listed, and every trace that it holds in progress is closed in time."""
    sessions = {session["session_id"] for session in old_databases.nodes(version, "Session")}
    listed = await SessionReads(graph).page(Page(first=100), None)
    assert [item.session_id for item in listed.items] == sorted(sessions, reverse=True)
    closed = (await TraceTimeouts(graph).close_silent(LATER)).closed
    assert len(closed) > 5
    assert set(closed) == open_traces(version)
    assert (await TraceTimeouts(graph).close_silent(LATER)).closed == ()


@pytest.mark.parametrize("origin", first_quick(ORIGINS))
async def test_an_old_database_opens_with_all_that_it_holds_and_has_the_schema_of_a_new_one(
    own_engine: OwnEngine, empty: Graph, origin: str
) -> None:
    version = await load(empty, origin)
    assert await examine(empty)
    await prepare(empty)
    assert await recorded_version(empty) == SCHEMA_VERSION
    assert await look(empty) == ()
    upgraded = await old_databases.catalogue(empty)
    recorded = [(item.name, item.digest) for item in await recorded_migrations(empty)]
    await assert_whole(empty, version)
    if empty.server.engine is Engine.NEO4J:
        await old_databases.make_empty(empty)
    async with Graph.open(own_engine.with_new_database()) as new:
        await prepare(new)
        assert upgraded == await old_databases.catalogue(new)
        assert [(item.name, item.digest) for item in await recorded_migrations(new)] == recorded


async def test_a_new_database_has_every_migration_recorded_as_applied(empty: Graph) -> None:
    assert await look(empty) is None
    await prepare(empty)
    recorded = await recorded_migrations(empty)
    assert [item.name for item in recorded] == [migration.name for migration in migrations()]
    assert all(item.applied_at is not None and item.rows == 0 for item in recorded)


@pytest.mark.exhaustive
async def test_an_upgrade_that_is_cut_off_anywhere_goes_on(empty: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framework, "SLICE", 4)
    await old_databases.load(empty, 1)
    cuts = 0
    while lacking := await look(empty):

        def cut(progress: framework.Progress) -> None:
            if progress.rows:
                raise ConnectionAbortedError

        try:
            await upgrade(empty, lacking, cut)
        except ConnectionAbortedError:
            cuts += 1
    assert cuts > 3
    assert await written(empty) == backfilled(1)
    await assert_whole(empty, 1)


@pytest.mark.exhaustive
async def test_several_processes_share_an_upgrade(
    empty: Graph, own_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(framework, "SLICE", 2)
    await old_databases.load(empty, 1)

    async def process() -> None:
        async with Graph.open(own_settings) as graph:
            await prepare(graph)
            assert await look(graph) == ()

    await asyncio.gather(*(process() for _ in range(4)))
    assert await written(empty) == backfilled(1)
    await assert_whole(empty, 1)


@pytest.mark.exhaustive
async def test_several_processes_set_an_empty_database_up(empty: Graph, own_settings: Settings) -> None:
    async def process() -> None:
        async with Graph.open(own_settings) as graph:
            await prepare(graph)

    await asyncio.gather(*(process() for _ in range(4)))
    assert len(await recorded_migrations(empty)) == len(migrations())
    assert await look(empty) == ()


@pytest.mark.exhaustive
async def test_a_backfill_never_touches_what_was_upgraded_before(empty: Graph) -> None:
    """A process that comes late with an upgrade must not write what it has read before the service went on."""
    await old_databases.load(empty, 1)
    lacking = await look(empty)
    assert lacking
    await upgrade(empty, lacking)
    closed = (await TraceTimeouts(empty).close_silent(LATER)).closed
    await upgrade(empty, lacking)
    keys = await statement(empty, "MATCH (t:Trace) WHERE t.open_key IS NOT NULL RETURN t.correlation_id AS id")
    assert closed
    assert keys == []
    assert await recorded_version(empty) == SCHEMA_VERSION


@pytest.mark.exhaustive
async def test_old_versions_of_definitions_are_found_by_their_bodies(
    empty: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a new version would be; what has no body, and what is no definition, is left as it was."""
    monkeypatch.setattr(framework, "SLICE", 3)
    await old_databases.load(empty, 2)
    texts = {
        "skill": "\ufeff---\nname: triage\n---\n\n# Triage \r\nLook.\n",
        "command": "Fix $ARGUMENTS",
        "subagent": "---\r\nname: reviewer\r\n---\r\nReview.",
        "memory": "---\nno: matter\n---\nRead.\n",
        "skill-without": "---\nname: x\n---\n \n",
        "prompt": "Summarise",
    }
    rows = [
        {
            "node_id": name,
            "pattern_id": "p",
            "version": number,
            "pattern_type": name.removesuffix("-without"),
            "template_code": text,
        }
        for number, (name, text) in enumerate(texts.items(), start=1)
    ]
    await statement(empty, "UNWIND $rows AS row CREATE (v:PatternVersion) SET v = row", rows=rows)
    await prepare(empty)
    found = await statement(empty, "MATCH (v:PatternVersion) RETURN v.node_id AS id, v.body_digest AS digest")
    digests = {row["id"]: row["digest"] for row in found if row["digest"]}
    assert digests == {
        name: digest_of_version(name, texts[name]) for name in ("skill", "command", "subagent", "memory")
    }
    assert digests["skill"] == body_digest("# Triage\nLook.")
    named = await statement(
        empty,
        """MATCH (v:PatternVersion) WHERE v.pattern_name IS NOT NULL
        RETURN v.definition_key AS key, v.pattern_type AS type, v.pattern_name AS name""",
    )
    assert {row["key"] for row in named} == {definition_key(row["type"], row["name"]) for row in named} != set()


@pytest.mark.exhaustive
@pytest.mark.parametrize("origin", first_quick(ORIGINS))
async def test_the_texts_of_old_versions_have_a_form(
    empty: Graph, monkeypatch: pytest.MonkeyPatch, origin: str
) -> None:
    monkeypatch.setattr(framework, "SLICE", 3)
    await load(empty, origin)
    await prepare(empty)
    node_ids = [row["id"] for row in await statement(empty, "MATCH (v:PatternVersion) RETURN v.node_id AS id")]
    versions = (await LineageReads(empty).versions(node_ids)).values()
    for version in versions:
        path = version.metadata.get("path")
        form = form_of_version(version.pattern_type, version.template_code, version.parameters.keys(), path)
        assert kept_form(version.text_form) == form
    assert any(version.text_form for version in versions)


@pytest.mark.exhaustive
async def test_old_improvements_have_a_risk_by_what_they_change(empty: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framework, "SLICE", 2)
    await old_databases.load(empty, 2)
    told = {
        "i1": ({"template_hash": {"from": "a", "to": "b"}}, "medium", ["its text changes"]),
        "i2": ({"parameters": {"depth": {}, "tools": {}}}, "high", ["tools says what it may do", "depth changes"]),
        "i3": ({"parameters": {"depth": {"from": 1, "to": 2}}}, "medium", ["depth changes"]),
    }
    rows = [{"improvement_id": id_, "proposed_changes": json.dumps(changes)} for id_, (changes, *_) in told.items()]
    await statement(empty, "UNWIND $rows AS row CREATE (i:Improvement) SET i = row", rows=rows)
    await prepare(empty)
    found = await statement(
        empty, "MATCH (i:Improvement) RETURN i.improvement_id AS id, i.risk AS risk, i.risk_reasons AS reasons"
    )
    assert {row["id"]: row["risk"] for row in found} == {id_: risk for id_, (_, risk, _) in told.items()}
    for row in found:
        assert all(one.startswith(begin) for one, begin in zip(row["reasons"], told[row["id"]][2], strict=True))


@pytest.mark.exhaustive
@pytest.mark.parametrize("origin", first_quick(ORIGINS))
async def test_what_an_old_database_holds_is_counted_to_the_right_figures(empty: Graph, origin: str) -> None:
    """Beside figures that are made of the fixture's own lines, and of nothing of this program."""
    version = await load(empty, origin)
    await prepare(empty)
    rolling = Rolling(empty, OwnCriteria().judge)
    await rolling.count_all()
    reads, window = UsageReads(empty), Window(since=datetime(2025, 1, 1, tzinfo=UTC), until=LATER)

    def told(label: str) -> list[Json]:
        return old_databases.nodes(version, label)

    def sums(nodes: list[Json]) -> tuple[int, int, int, int]:
        """Executions, successes, failures, and microseconds."""
        over = [node for node in nodes if node["status"] != "in_progress"]
        good = sum(node["status"] == "success" for node in over)
        return len(nodes), good, len(over) - good, sum(filter(None, map(microseconds, over)))

    groups: dict[Subject, list[Json]] = {EVERYTHING: told("Trace")}
    for trace in told("Trace"):
        if user := trace.get("user_id"):
            groups.setdefault(Subject(SubjectKind.USER, user), []).append(trace)
        if agent := trace.get("agent") or trace.get("agent_type"):
            groups.setdefault(Subject(SubjectKind.AGENT, agent), []).append(trace)
    for step in told("HookExecution"):
        tool = Subject(SubjectKind.TOOL, step.get("tool_name") or "", step.get("hook_type") or "")
        groups.setdefault(tool, []).append(step)
    for call in told("EndpointCall"):
        endpoint = Subject(SubjectKind.ENDPOINT, call["endpoint_path"], call["service_name"])
        groups.setdefault(endpoint, []).append(call)
    assert len({subject.kind for subject in groups}) > 3
    counted = await reads.sums(list(groups), window, Grain.DAY)
    for subject, nodes in groups.items():
        found = counted[subject]
        figures = found.executions, found.successes, found.failures, found.duration.total
        assert figures == sums(nodes), subject
    ranked = await reads.ranked(SubjectKind.PATTERN_VERSION, window, Grain.DAY, 1_000)
    ran = Counter(step["node_id"] for step in told("HookExecution") if step.get("node_id"))
    assert {one.subject.name: one.executions for one in ranked} == dict(ran)
    *_, done = [done async for done in Rebuilding(Rounds(empty), rolling).run()]
    assert (done.recounted, done.mended) == (0, 0)


def microseconds(node: Json) -> int | None:
    """How long it took, as it says, or as its start and end do."""
    if (ms := node.get("duration_ms")) is not None:
        return round(ms * 1_000)
    start, end = node.get("started_at"), node.get("completed_at")
    return (end - start) // timedelta(microseconds=1) if start and end and start <= end else None


@pytest.mark.exhaustive
async def test_records_from_before_they_had_keys_are_listed(empty: Graph) -> None:
    await old_databases.load(empty, 2)
    of = {"created_at": LATER, "context": "{}"}
    logs = [{"record_id": f"r{number}", "at": LATER + timedelta(seconds=number), **of} for number in range(3)]
    logs.append({"record_id": "undated", **of})
    points = [{"point_id": row["record_id"], "name": "n", "temporality": "delta", "value": 1.0, **row} for row in logs]
    await statement(empty, "UNWIND $rows AS row CREATE (l:LogRecord) SET l = row", rows=logs)
    await statement(empty, "UNWIND $rows AS row CREATE (m:MetricPoint) SET m = row", rows=points)
    await prepare(empty)
    reads, page = RecordReads(empty), Page(first=10)
    found = await reads.logs(LogFilter(), page, None)
    assert [record.record_id for record in found.items] == ["r2", "r1", "undated", "r0"]
    measured = await reads.metrics(MetricFilter(), page, None)
    assert [point.point_id for point in measured.items] == ["r2", "r1", "undated", "r0"]


def told(**more: Any) -> list[Json]:
    """A record of a request, as the client sends it."""
    about = {
        "event.name": "api_request",
        "session.id": "s",
        "prompt.id": "p",
        "request_id": "r-1",
        "model": "m",
        **more,
    }
    record = {
        "timeUnixNano": str(START_NS),
        "attributes": attributes(about),
        "body": {"stringValue": "claude_code.api_request"},
    }
    return [logs(record)]


@pytest.mark.exhaustive
async def test_tokens_of_caches_that_were_counted_beside_the_others_are_counted_with_them(empty: Graph) -> None:
    await old_databases.load(empty, 2)
    counts = {"cache_read_tokens": "70", "cache_creation_tokens": "5"}
    record, span = "otel.claude_code.api_request", "otel.claude_code.llm_request"
    contexts: dict[str, Json] = {
        "s/r-1": {record: counts},
        "both": {record: counts, span: {"cache_read_tokens": 70, "cache_creation_tokens": 5}},
        "read": {span: {"cache_read_tokens": 7}},
        "differ": {record: counts, span: {"cache_read_tokens": 71}},
        "none": {record: {"effort": "high"}},
        "odd": {record: {"cache_read_tokens": "many"}},
        "another": {"otel.shop": counts},
    }
    ranks = json.dumps({"input_tokens": [3, START_NS // 1_000], "model": [3, START_NS // 1_000]}, separators=(",", ":"))
    of = {
        "correlation_id": "p",
        "service_name": "anthropic",
        "endpoint_path": "/v1/messages",
        "status": "success",
        "model": "m",
    }
    of |= {"input_tokens": 10, "price_usd": 0.5, "ranks": ranks, "created_at": LATER}
    rows = [
        {"call_id": id_, "context": json.dumps(context, separators=(",", ":")), **of}
        for id_, context in contexts.items()
    ]
    text = "CREATE (t:Trace {correlation_id: 'p', status: 'in_progress', created_at: $at}) WITH t UNWIND $rows AS row "
    await statement(empty, text + "CREATE (t)-[:CALLED]->(c:EndpointCall) SET c = row", rows=rows, at=LATER)
    await prepare(empty)

    async def stored() -> dict[str, tuple[object, ...]]:
        names = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "price_usd")
        found = await statement(empty, "MATCH (:Trace {correlation_id: 'p'})-[:CALLED]->(c) RETURN properties(c) AS c")
        return {row["c"]["call_id"]: tuple(row["c"].get(name) for name in names) for row in found}

    assert await stored() == {
        "s/r-1": (85, 70, 5, None),
        "both": (85, 70, 5, None),
        "read": (17, 7, None, None),
        **dict.fromkeys(("differ", "none", "odd", "another"), (10, None, None, 0.5)),
    }
    # What is told again now says the same.
    report = observe_logs(read_logs(*told(input_tokens="10", **counts)))
    await TraceWrites(empty).record(report.observations, received_at=LATER)
    assert (await stored())["s/r-1"] == (85, 70, 5, None)


def layered() -> Json:
    """A trace in which layers tell of calls of models again: of some, only the outer tells a cost."""
    spans: list[Json] = [span(1, None, "root")]
    for number, (parent, cost, tokens) in enumerate(
        ((1, 0.5, None), (2, 0.2, None), (3, None, 7), (2, None, 8), (1, None, 9), (6, 0.1, 0), (1, None, 5)), start=2
    ):
        told = {"gen_ai.usage.cost": cost, "gen_ai.usage.input_tokens": tokens}
        known = {name: value for name, value in told.items() if value is not None}
        spans.append(span(number, parent, "call", **{"gen_ai.request.model": "m"}, **known))
    return traces(*spans)


async def _recorded_before(graph: Graph, report: Report) -> None:
    """As releases recorded it that told nobody of what they committed."""
    await TraceWrites(graph).record(report.observations, received_at=LATER)
    for label in ("Change", "ChangeWriter"):
        await statement(graph, f"MATCH (n:{label}) DELETE n")


@pytest.mark.exhaustive
@pytest.mark.parametrize("knew_layers", first_quick([True, False]))
async def test_layers_of_calls_that_were_stored_before_are_told_apart(empty: Graph, knew_layers: bool) -> None:
    await old_databases.load(empty, 2)
    report = observe_spans(read_spans(layered()))
    await _recorded_before(empty, report)

    async def told() -> dict[str, tuple[bool | None, ...]]:
        rows = await statement(
            empty, "MATCH (c:EndpointCall) WHERE c.call_id STARTS WITH $of RETURN properties(c) AS c", of=f"{TRACE}/"
        )
        names = ("paid_by", "pays_for")
        found = {row["c"]["call_id"][-1]: row["c"] for row in rows}
        return {id_: (c.get("retold"), *(c.get(name, "")[-1:] for name in names)) for id_, c in found.items()}

    expected = {
        "2": (True, "", ""), "3": (True, "2", ""), "4": (None, "3", ""), "5": (None, "2", ""),
        "6": (None, "", ""), "7": (True, "", "6"), "8": (None, "", ""),
    }  # fmt: skip
    assert await told() == expected
    forgotten = "c.retold, c.paid_by, c.pays_for" if knew_layers else "c.retold, c.paid_by, c.pays_for, c.within"
    await statement(empty, f"MATCH (c:EndpointCall) REMOVE {forgotten}")
    await prepare(empty)
    assert await told() == expected


@pytest.mark.exhaustive
async def test_of_a_deep_chain_of_calls_the_innermost_counts_however_few_of_those_around_it_were_kept(
    empty: Graph,
) -> None:
    await old_databases.load(empty, 2)
    told = {"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 7}
    chain = [span(number, number - 1 or None, "call", **told) for number in range(1, 131)]
    await _recorded_before(empty, observe_spans(read_spans(traces(*chain))))
    here = "MATCH (c:EndpointCall) WHERE c.call_id STARTS WITH $of"
    counted = f"{here} AND c.retold IS NULL RETURN c.call_id AS id"
    [innermost] = await statement(empty, counted, of=f"{TRACE}/")
    assert innermost["id"].endswith(f"{130:x}")
    await statement(
        empty, f"{here} REMOVE c.retold, c.paid_by, c.pays_for SET c.within = c.within[..100]", of=f"{TRACE}/"
    )
    await prepare(empty)
    assert await statement(empty, counted, of=f"{TRACE}/") == [innermost]


async def test_a_newer_database_is_refused_and_left_as_it_is(empty: Graph) -> None:
    await prepare(empty)
    await statement(empty, "MATCH (s:SchemaVersion {key: 'loopgraph'}) SET s.version = 999")
    with pytest.raises(SetupError, match=rf"has schema version 999, this program knows {SCHEMA_VERSION}: use a newer"):
        await prepare(empty)
    assert await recorded_version(empty) == 999


@pytest.mark.exhaustive
async def test_an_unknown_migration_is_refused(empty: Graph) -> None:
    await prepare(empty)
    await statement(empty, "MATCH (s:SchemaVersion {key: $key}) SET s.name = '0002_other'", key=migrations()[0].name)
    with pytest.raises(SetupError, match=r"a migration that this program does not know \(0002_other\)"):
        await prepare(empty)


async def test_other_data_is_refused(empty: Graph) -> None:
    await statement(empty, "CREATE (n:Other {a: 1})")
    with pytest.raises(ForeignData, match="a node labelled Other"):
        await prepare(empty)


@pytest.mark.exhaustive
async def test_by_setting_an_upgrade_waits_for_the_command(empty: Graph) -> None:
    await old_databases.load(empty, 1)
    with pytest.raises(SetupError, match=r"run `loopgraph migrate`, or set LOOPGRAPH_MIGRATE=auto"):
        await prepare(empty, Migrate.MANUAL)
    assert await recorded_version(empty) == 1
    await prepare(empty)
    await prepare(empty, Migrate.MANUAL)


def test_a_change_of_the_schema_has_a_migration() -> None:
    """If this fails: add a migration (CONTRIBUTING, "A change of storage"), and only then change the digest."""
    assert digest_of(asset("cypher", "schema")) == schema.SCHEMA_DIGEST
    assert migrations()[-1].number == SCHEMA_VERSION


def test_migrations_are_numbered_without_gaps() -> None:
    numbers = [migration.number for migration in migrations()]
    assert numbers == list(range(2, 2 + len(numbers)))


async def written(graph: Graph) -> int:
    return sum(item.rows for item in await recorded_migrations(graph))


@pytest.mark.exhaustive
async def test_experiments_from_before_designs_keep_their_one_look(
    empty: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nodes as the release before had them: without a design, an open experiment among them."""
    monkeypatch.setattr(framework, "SLICE", 2)
    await prepare(empty)
    subject = await make_subject(empty)
    await subject.propose()
    run = await subject.advance(await subject.start())
    await statement(empty, "MATCH (n:FeedbackRun) REMOVE n.design")
    await statement(empty, "MATCH (n:Experiment) REMOVE n.design, n.looks, n.treatment_share")
    await statement(empty, "MATCH (m:SchemaVersion) WHERE m.number > 16 DELETE m")
    await statement(empty, "MATCH (s:SchemaVersion) WHERE s.version IS NOT NULL SET s.version = 16")
    await upgrade(empty, await examine(empty))
    assert await recorded_version(empty) == SCHEMA_VERSION
    [found] = await subject.reads.open_runs()
    assert (found.run_id, found.input.design) == (run.run_id, PLAIN)
    [waiting] = (await subject.reads.waiting_experiments([run.run_id])).values()
    assert waiting.experiment.design == PLAIN.resolved(waiting.experiment.metric)
    # It goes on as it was meant: nothing before each arm has its units, and then one look.
    for node_id, base in (
        (subject.node_id, 100.0),
        (waiting.experiment.treatment_node_id, 80.0),
    ):
        durations = [base + number for number in range(12)]
        await subject.record(node_id, durations, experiment_id=waiting.experiment.experiment_id)
    await subject.advance(found)
    [decision] = (await subject.reads.decisions_of_experiments([waiting.experiment.experiment_id])).popitem()[1]
    assert decision.result is not None
    assert (decision.verdict, decision.result.method) == (Verdict.APPLY, Method.WELCH_UNIT_MEANS)
