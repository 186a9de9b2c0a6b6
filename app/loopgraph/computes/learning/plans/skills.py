"""A plan written out as a skill: a ``SKILL.md``, as agent clients read it. It is then a pattern with versions as any other."""

from __future__ import annotations

import re
from typing import Final

from loopgraph.computes.learning.plans.replaying import rendered
from loopgraph.contracts.counted import counted
from loopgraph.contracts.learning.replays import ReplayPlan

LONGEST: Final = 8_000
"""Characters of what a plan says in a skill."""

_LONGEST_NAME: Final = 60
_APART: Final = re.compile(r"[^a-z0-9]+")


def skill_name(plan: ReplayPlan) -> str:
    """What the skill is called, and its folder: small letters, digits and hyphens."""
    return _APART.sub("-", plan.name.lower())[:_LONGEST_NAME].strip("-") or "learned-plan"


def skill_text(plan: ReplayPlan) -> str:
    """The text of the file."""
    about = skill_name(plan).replace("-", " ")
    _, _, body = rendered(plan, LONGEST).partition("\n")  # its first line is for who is handed it unasked
    return (
        f"---\nname: {skill_name(plan)}\n"
        f"description: Steps that worked for requests to {about}. Use it for such requests.\n---\n"
        f"Learned from {counted(plan.support, 'successful run')}.\n\n{body}\n"
    )
