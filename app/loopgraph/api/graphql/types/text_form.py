"""How good a text is by its form alone."""

from __future__ import annotations

from typing import Self

import strawberry

from loopgraph.api.graphql.types.common import shape
from loopgraph.api.graphql.types.enums import TextProblem
from loopgraph.api.graphql.types.list_size import at_most
from loopgraph.contracts.lineage import text_form as contracts

LENGTH = "1 from 20 to 2,000 words, less for fewer and for more."
STRUCTURE = "Less for long paragraphs, for code that does not end, for no structure."
PLACEHOLDERS = (
    "Less for leftovers such as TODO, placeholders that are no parameters, and parameters that it does not name."
)
REPETITION = "1 less the share of words in lines that are there already."
WORDS = "How many words it has, in the first 100,000 characters."
PROBLEMS = "What keeps it from a full score."


@strawberry.type(
    description="How good a text is by its form alone, as a linter would say; it does not say whether the pattern works. The "
    "score is a weighted mean of the parts, each 0..1 and best at 1. It is kept with the version when that is made."
)
class TextForm:
    score: float = strawberry.field(
        description="0.2 length, 0.2 structure, 0.25 placeholders, 0.15 repetition, over their sum."
    )
    length: float = strawberry.field(description=LENGTH)
    structure: float = strawberry.field(description=STRUCTURE)
    placeholders: float = strawberry.field(description=PLACEHOLDERS)
    repetition: float = strawberry.field(description=REPETITION)
    words: int = strawberry.field(description=WORDS)
    problems: list[TextProblem] = strawberry.field(
        description=PROBLEMS, directives=[at_most(len(contracts.TextProblem))]
    )
    rule: int = strawberry.field(description="The number of the rule that says so.")

    @classmethod
    def of(cls, form: contracts.TextForm) -> Self:
        return shape(cls, form, problems=list(form.problems))
