"""The files that the clients of ``tests/data/uses`` ran with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_PERSONA: Final = "You review code. Be strict about names.\n"
_REVIEWER: Final = f"---\nname: reviewer\ndescription: Reviews code.\n---\n{_PERSONA}"


def look(name: str) -> str:
    """The text of a skill."""
    return (
        f"---\nname: {name}\ndescription: Use it to look around.\n---\n\n# {name}\n\n"
        "Look at the README first, then say what you saw.\nRun scripts/run.sh.\n"
    )


PROJECT: Final = {
    "AGENTS.md": "# Project\n\nUse tabs.\n\n## More\n\nBe brief.\n",
    "app/AGENTS.md": "# App\n\nUse spaces here.\n",
    "GEMINI.md": "# Gemini project\n\nUse tabs.\n",
    "app/GEMINI.md": "# Gemini app\n\nUse spaces here.\n",
    ".github/copilot-instructions.md": "# Copilot project\n\nUse tabs.\n",
    **{
        f".{client}/skills/look-{client}/SKILL.md": look(f"look-{client}")
        for client in ("agents", "github", "gemini", "opencode")
    },
    ".gemini/commands/fix.toml": 'description = "Fix it"\nprompt = """\nFix the issue {{args}} at once, please.\n"""\n',
    ".gemini/commands/git/plan.toml": 'prompt = "Make a plan for the change that is asked for."\n',
    ".codex/agents/reviewer.toml": (
        f'name = "reviewer"\ndescription = "Reviews code."\ndeveloper_instructions = """\n{_PERSONA}"""\n'
    ),
    ".github/agents/reviewer.agent.md": _REVIEWER,
    ".opencode/agent/reviewer.md": f"---\ndescription: Reviews code.\nmode: subagent\n---\n{_PERSONA}",
}
HOME: Final = {
    ".codex/AGENTS.md": "# Mine\n\nAnswer in English.\n",
    ".gemini/GEMINI.md": "# Mine, for Gemini\n\nAnswer in English.\n",
    ".copilot/copilot-instructions.md": "# Mine, for Copilot\n\nAnswer in English.\n",
    ".gemini/agents/reviewer.md": _REVIEWER,
    ".gemini/skills/mine-gemini/SKILL.md": look("mine-gemini"),
}


def put(folder: Path, files: dict[str, str], at: float | None = None) -> None:
    """Writes files below a folder, last changed at an instant."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if at is not None:
            os.utime(path, (at, at))
