"""What a field costs beside the objects that it answers with: the directive `@cost` of the GraphQL cost specification.

Most fields cost about what they answer. Some read much more than that, such as all executions of an experiment for one interval:
they say so, and a query is charged as if the answer had so many objects more for each of them.
"""

from __future__ import annotations

from typing import Final

import strawberry
from strawberry.schema_directive import Location


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="cost",
    description="What a field costs beside the objects that it answers with, in objects; see the cost of a query.",
)
class Cost:
    weight: str


READS_MUCH: Final = Cost(weight="1000")
"""Hundreds or thousands of records are read for one answer."""
