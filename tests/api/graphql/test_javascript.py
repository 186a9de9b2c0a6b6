"""The API as JavaScript's clients and code generators see it: the real packages, over the exported schema and every document.

`make clients` installs them with npm and runs these tests; without them, they are skipped.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest

from loopgraph.effects.clock import new_id
from support.operations import variables_of_all
from support.service import Json, Service, operation, operation_names

FOLDER = Path(__file__).parent / "javascript"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("node") is None, reason="there is no node"),
    pytest.mark.skipif(not (FOLDER / "node_modules").is_dir(), reason="the packages are not installed: make clients"),
]


async def run(*command: str, input: Json | None = None) -> str:
    """What a command prints, run in the folder of the packages; it must succeed."""
    process = await asyncio.create_subprocess_exec(*command, cwd=FOLDER, stdin=PIPE, stdout=PIPE, stderr=STDOUT)
    printed, _ = await process.communicate(json.dumps(input).encode() if input else b"")
    assert process.returncode == 0, printed.decode()
    return printed.decode()


async def test_the_audits_of_graphql_over_http(service: Service) -> None:
    assert await run("node", "audit.mjs", f"{service.url}/graphql") == "61 of 61 audits ok\n"


async def test_the_relay_compiler() -> None:
    printed = await run("node", "relay.mjs")
    assert f"{len(operation_names())} normalization" in printed


async def test_generated_typescript_compiles() -> None:
    await run("node_modules/.bin/graphql-codegen", "--config", "codegen.ts")
    generated = (FOLDER.parents[3] / "build" / "javascript" / "generated.ts").read_text(encoding="utf-8")
    assert generated.count("Document = {") >= len(operation_names())
    await run("node_modules/.bin/tsc", "--project", "tsconfig.json")


@pytest.mark.parametrize("client", ["apollo.mjs", "urql.mjs"])
async def test_a_normalised_cache_reads_what_was_sent(service: Service, client: str) -> None:
    variables = await variables_of_all(service)
    assert sorted(variables) == operation_names()
    written = {
        "traces_record_hook": {"correlationId": new_id(), "hookType": "t"},
        "lineage_create_pattern": {"name": "of a moment"},
    }
    records = [{"query": operation(name), "variables": {"input": given}} for name, given in written.items()]
    printed = await run(
        "node", client, input={"url": f"{service.url}/graphql", "variables": variables, "records": records}
    )
    assert f"{len(operation_names())} of {len(operation_names())} documents" in printed
