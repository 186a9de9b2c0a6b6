"""Mutations of what people know of errors."""

from __future__ import annotations

from typing import Annotated

import strawberry

from loopgraph.api.graphql.types.analytics.errors import ErrorAnnotation
from loopgraph.api.graphql.types.changes import ChangeInput, origin_of
from loopgraph.api.graphql.types.common import Info, plain, validated
from loopgraph.api.graphql.types.expected import Expected, mutation
from loopgraph.computes.analytics.templates import template_id
from loopgraph.contracts.analytics.failures import NewAnnotation
from loopgraph.errors import NotFound
from loopgraph.orchestrators.analytics.error_patterns import may_annotate

_UNCHANGED = "Left out: as it is; null: none."


@strawberry.input
class AnnotateErrorPatternInput(ChangeInput):
    template: str = strawberry.field(description="The template of the error pattern, as `errorPatterns` tells it.")
    known_fix: str | None = strawberry.field(
        default=strawberry.UNSET, description=f"How it is mended, at most 10,000 characters. {_UNCHANGED}"
    )
    prevention: str | None = strawberry.field(
        default=strawberry.UNSET, description=f"How it is kept from happening, at most 10,000 characters. {_UNCHANGED}"
    )


@strawberry.type
class ErrorAnnotationPayload:
    annotation: ErrorAnnotation = strawberry.field(description="What people know of the error pattern now.")


AnnotateErrorPatternResult = Annotated[
    ErrorAnnotationPayload | Expected, strawberry.union("AnnotateErrorPatternResult")
]


@strawberry.type
class ErrorMutation:
    @mutation(
        "Writes what is known of an error pattern: how it is mended, how it is prevented. It stays with the messages when their "
        "template becomes more general or more special."
    )
    async def annotate_error_pattern(self, info: Info, input: AnnotateErrorPatternInput) -> AnnotateErrorPatternResult:
        data = {name: value for name, value in plain(input).items() if name not in ("actor", "correlation_id")}
        new = validated(NewAnnotation, data)
        changes = new.model_dump(exclude_unset=True, exclude={"template"})
        if not await may_annotate(info.context.services.failures, new.template, info.context.principal):
            raise NotFound("ErrorPattern", template_id(new.template))
        annotation = await info.context.services.error_annotations.annotate(
            template_id(new.template), new.template, changes, origin_of(info, input)
        )
        return ErrorAnnotationPayload(annotation=ErrorAnnotation.of(annotation))
