"""Who acts, as a caller says it."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from loopgraph.contracts.audit import ActorName

ACTOR: TypeAdapter[str] = TypeAdapter(ActorName)


@pytest.mark.parametrize(
    "name", ["ada", "Ada Lovelace", "ada@example.org", "李雷", "\U0001f469\u200d\U0001f680", " padded "]
)
def test_people_have_many_names(name: str) -> None:
    assert ACTOR.validate_python(name) == name.strip()


@pytest.mark.parametrize(
    "hidden", ["\x00", "\x07", "\x1b", "\n", "\r", "\t", "\x7f", "\x9b", "\u2028", "\u202e", "\u2066"]
)
def test_what_would_move_a_cursor_or_turn_what_is_read_is_refused(hidden: str) -> None:
    with pytest.raises(ValidationError, match=rf"must have no control characters, such as U\+{ord(hidden):04X} in it"):
        ACTOR.validate_python(f"ada{hidden}lovelace")
