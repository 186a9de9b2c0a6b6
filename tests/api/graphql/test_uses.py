"""Which version of a skill ran, as clients of the API see it: the hooks of a real session, and what its project defines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from loopgraph.clients.hook_files import with_file
from loopgraph.contracts.changes import template_hash
from support.service import Service, nodes
from support.uses import FILES, Skills

CREATE = """mutation($input: CreatePatternInput!) {
  createPattern(input: $input) { ... on VersionPayload { version { nodeId patternId } } }
}"""


async def test_a_session_and_then_the_definitions_that_it_used(service: Service, tmp_path: Path) -> None:
    skills = Skills.told(str(tmp_path))
    skills.put(tmp_path)
    for at, event in skills.hooks():
        event = with_file(event)
        answer = await service.http.post("/api/hooks/claude-code", json=event, headers={"X-Event-Timestamp": at})
        assert answer.status_code == 200, answer.text
    assert {step["patternName"]: step["usedRule"] for step in await uses(service, skills)} == {
        f"fix-{skills.mark}": None,
        f"triage-{skills.mark}": None,
        "CLAUDE.md": None,
    }
    ids = {}
    for name, (kind, path) in FILES.items():
        called = name if name == "CLAUDE.md" else f"{name}-{skills.mark}"
        metadata = {"origin": "project", "scope": f"folder:{skills.folder}", "path": skills.fresh(path)}
        made = {"name": called, "patternType": kind.value, "metadata": metadata}
        answer = await service.query(CREATE, input={**made, "templateCode": skills.text(name)})
        ids[called] = answer["createPattern"]["version"]["nodeId"]
    await service.parts.use_linker.look()
    steps = {step["patternName"]: step for step in await uses(service, skills)}
    assert {name: (step["version"]["nodeId"], step["usedRule"]) for name, step in steps.items()} == {
        name: (ids[name], "FILE") for name in steps
    }
    triage = steps[f"triage-{skills.mark}"]
    assert triage["usedEvidence"] == template_hash(skills.text("triage"))
    assert (triage["patternType"], triage["arguments"], triage["success"]) == ("skill", "bug 42", True)
    assert (triage["use"]["steps"], triage["use"]["modelCalls"], triage["use"]["nextCorrelationId"]) == (3, 0, None)
    assert triage["version"]["usageCount"] == 1


async def uses(service: Service, skills: Skills) -> list[Any]:
    """The uses of patterns in the trace of the prompt."""
    trace = await service.execute("traces_whole", correlationId=skills.prompt)
    return [step for step in nodes(trace["hookExecutions"]) if step["patternType"]]
