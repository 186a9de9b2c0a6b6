"""Which version of a skill ran, as clients of the API see it: the hooks of a real session, and what its project defines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from loopgraph.clients.hook_files import with_file
from loopgraph.contracts.lineage.changes import template_hash
from loopgraph.effects.clock import new_id
from support.service import Service, nodes
from support.uses import FILES, Skills

CREATE = """mutation($input: CreatePatternInput!) {
  createPattern(input: $input) { ... on VersionPayload { version { nodeId patternId } } }
}"""


@pytest.mark.lengthy
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


@pytest.mark.lengthy
async def test_a_prompt_that_corrects_a_skill(service: Service, tmp_path: Path) -> None:
    skills = Skills.told(str(tmp_path))
    skills.put(tmp_path)
    metadata = {"origin": "project", "scope": f"folder:{skills.folder}", "path": ".claude/skills/triage/SKILL.md"}
    made = {"name": f"triage-{skills.mark}", "patternType": "skill", "metadata": metadata}
    answer = await service.query(CREATE, input={**made, "templateCode": skills.text("triage")})
    node_id = answer["createPattern"]["version"]["nodeId"]
    for at, event in skills.hooks():
        event = with_file(event)
        await service.http.post("/api/hooks/claude-code", json=event, headers={"X-Event-Timestamp": at})
    await service.parts.use_linker.look()

    async def execution() -> Any:
        found = await service.execute("lineage_version_executions", nodeId=node_id)
        assert found["executions"]["totalCount"] == found["usageCount"] == 1
        [step] = nodes(found["executions"])
        return step

    before = (await execution())["use"]
    assert (before["success"], before["score"], before["reason"]) == (True, 1.0, None)
    assert before["correction"] == {"corrected": None, "rule": "NO_PROMPT", "evidence": None}
    known = {each["criterion"]: each["value"] for each in before["criteria"] if each["value"] is not None}
    assert known == {"EXECUTION_COMPLETED": 1.0, "NO_ERRORS": 1.0, "HOOKS_SUCCEEDED": 1.0}
    prompt = {
        "hook_event_name": "UserPromptSubmit",
        "session_id": skills.session,
        "prompt_id": new_id(),
        "prompt": "No, that is the wrong file. Look into the parser",
    }
    answer = await service.http.post("/api/hooks/claude-code", json=prompt, headers={"X-Event-Timestamp": at})
    assert answer.status_code == 200, answer.text
    after = await execution()
    assert (after["status"], after["use"]["success"]) == ("SUCCESS", False)
    assert after["use"]["score"] == pytest.approx(0.65 / 0.7)
    assert after["use"]["correction"] == {"corrected": True, "rule": "PHRASE", "evidence": "no"}
    assert after["use"]["nextPrompt"]["promptText"] == prompt["prompt"]
    [unmet] = [each for each in after["use"]["criteria"] if each["met"] is False]
    assert (unmet["criterion"], unmet["weight"], unmet["value"], unmet["atLeast"]) == (
        "USER_CONFIRMED_SUCCESS", 0.05, 0.0, 1.0,
    )  # fmt: skip


async def test_a_cursor_of_another_list_is_refused(service: Service) -> None:
    made = await service.query(CREATE, input={"name": f"sorting-{new_id()}", "templateCode": "0"})
    node_id = made["createPattern"]["version"]["nodeId"]
    [error] = await service.errors(
        "query($nodeId: ID!, $after: String) { patternVersion(nodeId: $nodeId) { executions(after: $after) { totalCount } } }",
        nodeId=node_id,
        after="bm9uZTp4",
    )
    assert "must be a cursor of this connection" in error["message"]


async def uses(service: Service, skills: Skills) -> list[Any]:
    """The uses of patterns in the trace of the prompt."""
    trace = await service.execute("traces_whole", correlationId=skills.prompt)
    return [step for step in nodes(trace["hookExecutions"]) if step["patternType"]]
