"""The generators that are built in, and what is understood of what generators answer.

A built-in generator is the rules of a subject. A rule sees what was measured and the current parameters, and changes
parameters alone, and of these only those whose names say what they are. What it proposes is a hypothesis, to be tested by an
experiment: a gain is stated only where it follows from the figures and from an assumption that the evidence names. A new rule is
a function with the signature of ``Rule``, and its place in the ``RULES`` of its subject.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import orjson
from pydantic import ValidationError

from loopgraph.computes.loop.rules import performance, quality, reliability
from loopgraph.computes.loop.rules.parameters import MIN_EXECUTIONS
from loopgraph.computes.loop.rules.transfer import transfer
from loopgraph.contracts.loop.proposals import Analysis, Generator, Proposal
from loopgraph.errors import in_our_words

Rule = Callable[[Analysis], Proposal | None]

MOST_PROPOSALS: Final = 20
"""So many proposals of one generator are taken; beyond them, the rest is left."""


def propose(rules: Sequence[Rule], analysis: Analysis) -> list[Proposal]:
    """What some rules propose, in their order; nothing below ``MIN_EXECUTIONS``.

    Each proposal holds all parameters of the new version, of which at least one differs.
    """
    if analysis.summary.execution_count < MIN_EXECUTIONS:
        return []
    proposals = (rule(analysis) for rule in rules)
    return [one for one in proposals if one is not None and one.parameters != analysis.parameters]


def _taught(analysis: Analysis) -> list[Proposal]:
    return list(transfer(analysis)) if analysis.summary.execution_count >= MIN_EXECUTIONS else []


BUILT_IN: Final[Mapping[str, Generator]] = MappingProxyType(
    {
        "performance": partial(propose, performance.RULES),
        "reliability": partial(propose, reliability.RULES),
        "quality": partial(propose, quality.RULES),
        "transfer": _taught,
    }
)
"""By name, in the order in which they are asked."""


def understood(answer: Iterable[Any]) -> tuple[list[Proposal], str | None]:
    """What of a generator's answer are proposals, and what is wrong with the rest; None if nothing is.

    Whatever is no ``Proposal``, was made past its checks, or holds what is no JSON is left out, and so is what comes after
    ``MOST_PROPOSALS``.
    """
    found, wrong, count = list[Proposal](), list[str](), 0
    for item in answer:
        count += 1
        if count > MOST_PROPOSALS:
            wrong.append(f"more than {MOST_PROPOSALS} proposals")
            break
        if not isinstance(item, Proposal):
            wrong.append(f"proposal {count} is {type(item).__name__}, and no Proposal")
            continue
        try:
            plain = {name: value for name, value in item.__dict__.items() if name in Proposal.model_fields}
            checked = Proposal.model_validate(plain)
            orjson.dumps(checked.model_dump())
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where, problem = ".".join(map(str, first["loc"])), in_our_words(first["msg"])
            wrong.append(f"proposal {count}: {where}: {problem}")
        except (TypeError, ValueError, RecursionError) as error:
            wrong.append(f"proposal {count} holds what is no JSON: {error}")
        else:
            found.append(checked)
    return found, "; ".join(wrong) or None
