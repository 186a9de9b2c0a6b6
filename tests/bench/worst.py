"""The worst queries that every limit allows, and what else is served meanwhile: ``make bench``.

The service is a process of its own on the embedded engine. Beside each query, ``/healthz`` and a hook are asked over and over:
the longest that either waited is the figure that counts. All of it shares the machine with this load generator.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
from graphql import FragmentDefinitionNode, OperationDefinitionNode, parse
from graphql.execution.values import VariableValues, get_variable_values

from bench.ingest import BATCH, HOOK, cpu_s, hook
from loopgraph.api.graphql import cost
from loopgraph.api.graphql.schema import build_schema
from loopgraph.settings import Settings
from support.engines.processes import free_port
from support.process import service

GOALS = {"/healthz": 100.0, "hook": 250.0}
"""The longest that each may wait, in milliseconds, on two quiet cores."""

TRACES, STEPS, LARGE, PATTERNS, VERSIONS = 500, 40, 10_000, 60, 1_000

_STEP = "executionId toolName status toolInput toolResponse"
_HEAD = "correlationId status promptText totals { steps endpointCalls } treeTotals { steps }"
_VERSION = (
    "nodeId version label patternName patternType status evolutionType templateCode templateHash parameters changeSummary "
    "tags metadata confidenceScore correlationId createdAt createdBy updatedAt activatedAt usageCount successCount"
)


def _times(count: int, text: str) -> str:
    return " ".join(f"a{number}: {text}" for number in range(count))


def _circle(first: int, hops: int) -> str:
    inner = "version"
    for hop in range(hops):
        inner = (
            f"versions(first: {first}) {{ edges {{ node {{ {inner if not hop else f'pattern {{ {inner} }}'} }} }} }}"
        )
    return f'{{ pattern(patternId: "bench-0") {{ {inner} }} }}'


WORST: dict[str, str] = {
    "round in a circle, 3 times": _circle(42, 3),
    "patterns × versions × their pattern": """{ patterns(first: 250) { edges { node {
        versions(first: 250) { edges { node { version pattern { name } } } } } } } }""",
    "500 traces with their trees": f"""{{ traces(first: 500) {{ edges {{ node {{ {_HEAD} steps(first: 50) {{ {_STEP} }}
        waterfall(first: 100) {{ edges {{ node {{ name depth durationMs }} }} }}
        timeline(first: 100) {{ edges {{ node {{ data }} }} }} }} }} }} }}""",
    "500 traces by id": f"""query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Trace {{
        {_HEAD} steps(first: 100) {{ {_STEP} }} waterfall(first: 190) {{ edges {{ node {{ name depth }} }} }} }} }} }}""",
    "10,000 steps in slices": '{ trace(correlationId: "large") { '
    + " ".join(
        f"s{i}: hookExecutions(first: 500, offset: {500 * i}) {{ {_STEP} version {{ label }} }}" for i in range(20)
    )
    + " } }",
    "a lineage with all of its versions": f"""{{ lineage(patternId: "bench-0") {{ nodes {{ version {{ {_VERSION} }} }}
        edges {{ edgeId weight metadata }} roots {{ nodeId }} leaves {{ nodeId }} }} }}""",
    "lineages of 60 patterns": """{ patterns(first: 60) { edges { node { lineage(traversal: {maxNodes: 1000}) {
        nodes { version { nodeId templateCode } } edges { edgeId } } } } } }""",
    "values that are looked up one by one": '{ pattern(patternId: "bench-0") { versions(first: 500) { edges { node { '
    + _times(49, "isRoot")
    + " } } } } }",
    "one value many times": f"""{{ lineage(patternId: "bench-0") {{ nodes {{ version {{
        {_times(40, "templateCode")} }} }} }} }}""",
    "edges of versions of patterns": """{ patterns(first: 60) { edges { node { versions(first: 100) { edges { node {
        incomingEdges(first: 5) { source { nodeId } target { nodeId } } } } } } } } }""",
    "introspection": "{ __schema { types { fields { args { name } type { fields { name type { name } } } } } } }",
    "a document that takes long to check": "{ " + " ".join(f"unknown{i}" for i in range(4_900)) + " }",
}


def variables() -> dict[str, Any]:
    return {"ids": [base64.b64encode(f"Trace:trace-{number}".encode()).decode() for number in range(TRACES)]}


@dataclass
class Row:
    """What one query took, and how long others waited beside it."""

    nodes: int | None
    seconds: float
    cpu_s: float
    bytes: int
    errors: list[str]
    waited_ms: dict[str, float] = field(default_factory=dict)


def nodes_of(document: str) -> int | None:
    """What the service reckons that a query can answer with; None if it is refused before that."""
    settings, parsed = Settings(), parse(document)
    schema = build_schema(settings)._schema  # type: ignore[attr-defined]
    [operation] = [one for one in parsed.definitions if isinstance(one, OperationDefinitionNode)]
    fragments = {one.name.value: one for one in parsed.definitions if isinstance(one, FragmentDefinitionNode)}
    values = get_variable_values(
        schema, operation.variable_definitions or (), variables() if "$ids" in document else {}
    )
    assert isinstance(values, VariableValues), values
    try:
        limits = cost.Limits(10**12, settings.max_page_size, settings.max_traversal_nodes)
        return cost.check(schema, operation, fragments, values, limits).nodes
    except AssertionError:
        return None


async def fill(client: httpx.AsyncClient) -> None:
    """Makes what the queries ask for."""
    events: list[dict[str, Any]] = []
    for number in range(TRACES):
        events += [{**hook(f"trace-{number}"), "execution_id": uuid4().hex} for _ in range(STEPS)]
    events += [hook("large") for _ in range(LARGE)]
    for begin in range(0, len(events), 1_000):
        (await client.post(BATCH, json=events[begin : begin + 1_000])).raise_for_status()
    create = "mutation($i: CreatePatternInput!) { createPattern(input: $i) { __typename } }"
    add = "mutation($i: AddVersionInput!) { addVersion(input: $i) { __typename } }"
    template = "Answer in one line, and say what you did.\n" * 20

    async def pattern(number: int) -> None:
        given = {"patternId": f"bench-{number}", "name": f"bench {number}", "templateCode": template}
        await client.post("/graphql", json={"query": create, "variables": {"i": given}})
        for version in range(1, VERSIONS if number == 0 else 50):
            given = {"patternId": f"bench-{number}", "templateCode": f"{template}{version}"}
            await client.post("/graphql", json={"query": add, "variables": {"i": given}})

    await asyncio.gather(*map(pattern, range(PATTERNS)))


async def longest(ask: Callable[[], Any], pause: float, until: asyncio.Event) -> float:
    """The longest that a request waited, in milliseconds, of those sent until an event."""
    worst = 0.0
    while not until.is_set():
        began = time.perf_counter()
        (await ask()).raise_for_status()
        worst = max(worst, (time.perf_counter() - began) * 1000)
        await asyncio.sleep(pause)
    return worst


async def beside(port: int, pid: int, document: str) -> Row:
    """Asks one query, and others meanwhile."""
    address, done = f"http://127.0.0.1:{port}", asyncio.Event()
    async with (
        httpx.AsyncClient(base_url=address, timeout=120) as client,
        httpx.AsyncClient(base_url=address, timeout=120) as health,
        httpx.AsyncClient(base_url=address, timeout=120) as hooks,
    ):
        probes = [
            asyncio.create_task(longest(lambda: health.get("/healthz"), 0.01, done)),
            asyncio.create_task(longest(lambda: hooks.post(HOOK, json=hook("beside")), 0.02, done)),
        ]
        await asyncio.sleep(0.1)
        began, before = time.perf_counter(), cpu_s(pid)
        body = {"query": document, "variables": variables() if "$ids" in document else {}}
        answer = await client.post("/graphql", json=body)
        seconds, used = time.perf_counter() - began, cpu_s(pid) - before
        await asyncio.sleep(0.05)
        done.set()
        waited = dict(zip(GOALS, await asyncio.gather(*probes), strict=True))
    errors = [error["message"] for error in orjson.loads(answer.content).get("errors", ())]
    return Row(nodes_of(document), seconds, used, len(answer.content), errors, waited)


async def measure(port: int, pid: int, names: list[str]) -> dict[str, Row]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
        await fill(client)
    await beside(port, pid, "{ __typename }")
    return {name: await beside(port, pid, WORST[name]) for name in names or WORST}


def main() -> None:
    """Prints the table; the arguments are queries by name, all of them without."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    names = [name for name in WORST if any(part in name for part in sys.argv[1:])]
    with tempfile.TemporaryDirectory() as text:
        folder, port = Path(text), free_port()
        environment = {"LOOPGRAPH_GRAPH_URL": f"embedded:{folder / 'graph'}", "LOOPGRAPH_LOG_LEVEL": "warning"}
        with service(port, folder / "service.log", **environment) as process:
            rows = asyncio.run(measure(port, process.pid, names))
            log = (folder / "service.log").read_text()
    print("| query | nodes at most | s | CPU s | MB | /healthz waited, ms | a hook waited, ms |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, row in rows.items():
        waited = " | ".join(f"{row.waited_ms[door]:.0f}" for door in GOALS)
        nodes = "refused" if row.nodes is None else f"{row.nodes:,}"
        print(f"| {name} | {nodes} | {row.seconds:.1f} | {row.cpu_s:.1f} | {row.bytes / 1e6:.1f} | {waited} |")
        for message in row.errors[:1]:
            print(f"    {name}: {message[:200]}", file=sys.stderr)
    if "ERROR" in log:
        print(log[-2_000:], file=sys.stderr)


if __name__ == "__main__":
    main()
