"""Generators that others have installed: real distributions in a folder, with the metadata that an installer writes."""

from __future__ import annotations

from pathlib import Path

import pytest

SOURCE = """
import asyncio, threading, time
from loopgraph.contracts.loop.feedback import ImprovementType
from loopgraph.contracts.loop.proposals import Analysis, Proposal

seen = []
gate = threading.Event()


def _proposal(analysis, **more):
    given = {
        "rule": "clearer",
        "improvement_type": ImprovementType.RELIABILITY,
        "description": "say what to do when it fails",
        "template_code": analysis.template_code + "\\n# try again",
        "evidence": {"failures": len(analysis.failures)},
    }
    return Proposal(**{**given, **more})


def team(analysis):
    seen.append(analysis)
    return [_proposal(analysis)]


async def unhurried(analysis):
    await asyncio.sleep(0)
    return (_proposal(analysis, rule="unhurried", template_code=analysis.template_code + "\\n# slowly") for _ in range(1))


def raising(analysis):
    raise ValueError("no idea for AKIA" + "QWERTYUIOPASDFGH")


def leaving(analysis):
    raise SystemExit(3)


def hanging(analysis):
    gate.wait()


async def dozing(analysis):
    await asyncio.sleep(3600)


def talking(analysis):
    return "use more tokens"


def meddling(analysis):
    analysis.parameters["timeout_ms"] = 1
    return []
"""


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str = "team_rules", **points: str) -> None:
    """Puts a distribution with these entry points where Python looks for installed ones."""
    package = folder / f"{name}.py"
    package.write_text(SOURCE)
    metadata = folder / f"{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[loopgraph.generators]\n" + "".join(f"{point} = {target}\n" for point, target in points.items())
    )
    (metadata / "RECORD").write_text(f"{name}.py,,\n{name}-1.0.dist-info/METADATA,,\n")
    monkeypatch.syspath_prepend(str(folder))
