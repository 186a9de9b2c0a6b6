"""Ids in arguments are a thing's own id or its global one, everywhere: global ones are made own ones before the field runs.

What kind of thing an argument names is told by its name. The fields `node` and `nodes` take global ids alone. What reads as a
global id is always taken for one, whatever there is: a thing whose own id looks like one (clients choose them) is found by its
global id.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from graphql import GraphQLSchema, get_named_type, is_input_object_type, is_list_type, is_non_null_type, is_object_type

from loopgraph.api.graphql.types.common import Info
from loopgraph.api.graphql.types.expected import error_object
from loopgraph.api.graphql.types.nodes import Loaded
from loopgraph.contracts.base import problem_of_id
from loopgraph.errors import InvalidInput

KINDS = {
    "patternId": "Pattern",
    "patternIds": "Pattern",
    "patternAnalytics.id": "Pattern",
    "patternMetrics.ids": "Pattern",
    "nodeId": "PatternVersion",
    "nodeIds": "PatternVersion",
    "sourceNodeId": "PatternVersion",
    "targetNodeId": "PatternVersion",
    "baseNodeId": "PatternVersion",
    "candidateNodeId": "PatternVersion",
    "treatmentNodeId": "PatternVersion",
    "replacedBy": "PatternVersion",
    "edgeId": "LineageEdge",
    "sessionId": "Session",
    "session.id": "Session",
    "correlationId": "Trace",
    "rootId": "Trace",
    "StartTraceInput.parentId": "Trace",
    "episode.id": "Trace",
    "traceDiff.a": "Trace",
    "traceDiff.b": "Trace",
    "executionId": "HookExecution",
    "hookExecutionId": "HookExecution",
    "spawnedBy": "HookExecution",
    "continues": "HookExecution",
    "RecordHookExecutionInput.parentId": "HookExecution",
    "runId": "FeedbackRun",
    "batchId": "FeedbackBatch",
    "scheduleId": "Schedule",
    "feedbackRun.id": "FeedbackRun",
    "improvementId": "Improvement",
    "experimentId": "Experiment",
    "decisionId": "Decision",
    "watchId": "Watch",
    "feedbackId": "Feedback",
    "outcomeId": "ReportedOutcome",
}
"""What an argument of a field, or a field of an input, names: by ``owner.name``, or by the name alone."""

Convert = Callable[[str, Any], Any]
"""From the path of an argument and its value to the value with own ids. Raises InvalidInput."""


def split(id_: str) -> tuple[str, str] | None:
    """The type's name and the own id that a global id consists of; None if the text is none."""
    try:
        decoded = base64.b64decode(id_, validate=True).decode()
    except ValueError:
        return None
    if base64.b64encode(decoded.encode()).decode() != id_:  # another spelling of the same bytes
        return None
    type_, separator, own = decoded.partition(":")
    return (type_, own) if separator and own else None


def is_global(id_: str) -> bool:
    """Whether a text is the global id of a kind of node that there is."""
    return (split(id_) or ("", ""))[0] in _NODES


def own_id(path: str, id_: str, kind: str) -> str:
    """The own id of a thing of some kind, by its own or its global id. Raises InvalidInput for the global id of another kind."""
    type_, own = split(id_) or ("", "")
    if type_ == kind:
        return own
    if type_ in _NODES:
        raise InvalidInput(path, f"must be the id of a {kind}, not of a {type_}")
    return id_


def formed_id(path: str, id_: str, kind: str) -> str:
    """The same, for what is to be written: raises InvalidInput also for an id that nothing can have."""
    own = own_id(path, id_, kind)
    if problem := problem_of_id(own):
        raise InvalidInput(path, problem)
    return own


_NODES = frozenset(KINDS.values()) | {"LineageEvent", "LearnedPattern"}


def take_either(schema: GraphQLSchema) -> None:
    """Has every field of a schema take the own or the global id of what it asks for."""
    for type_ in [type_ for type_ in schema.type_map.values() if is_object_type(type_)]:
        changes = type_ is schema.mutation_type
        inputs = _Inputs(formed_id if changes else own_id)
        for name, field in type_.fields.items():
            if convert := inputs.of_names(name, field.args):
                if type_ is schema.subscription_type:
                    field.subscribe = _converting(field.subscribe, convert)
                else:
                    field.resolve = _converting(field.resolve, convert, answers=changes)


class _Inputs:
    """How to convert arguments and the fields of inputs; ``own`` makes the own id of one."""

    def __init__(self, own: Callable[[str, str, str], str]) -> None:
        self._own = own
        self._known: dict[str, Convert | None] = {}

    def of_names(self, owner: str, names: Mapping[str, Any]) -> Convert | None:
        """How to convert a map of arguments or of an input's fields; None where none of them is an id."""
        converts = {name: convert for name, one in names.items() if (convert := self._of_one(owner, name, one.type))}
        if not converts:
            return None

        def convert_all(path: str, given: dict[str, Any]) -> dict[str, Any]:
            prefix = f"{path}." if path else ""
            changed = {
                name: convert(f"{prefix}{name}", given[name])
                for name, convert in converts.items()
                if given.get(name) is not None
            }
            return {**given, **changed}

        return convert_all

    def _of_one(self, owner: str, name: str, type_: Any) -> Convert | None:
        of = type_.of_type if is_non_null_type(type_) else type_
        if is_list_type(of):
            convert = self._of_one(owner, name, of.of_type)
            return convert and (lambda path, items: [convert(f"{path}.{at}", item) for at, item in enumerate(items)])
        named = get_named_type(of)
        if is_input_object_type(named):
            if named.name not in self._known:
                self._known[named.name] = None
                self._known[named.name] = self.of_names(named.name, named.fields)
            return self._known[named.name]
        kind = KINDS.get(f"{owner}.{name}") or KINDS.get(name)
        if named.name != "ID" or kind is None:
            return None
        return lambda path, id_: self._own(path, id_, kind)


def _converting(resolve: Any, convert: Convert, *, answers: bool = False) -> Callable[..., Any]:
    @wraps(resolve, updated=())
    def converting(source: Any, info: Any, **arguments: Any) -> Any:
        try:
            own = convert("", arguments)
        except InvalidInput as error:
            if answers:
                return error_object(error)
            raise
        return resolve(source, info, **own)

    return converting


async def find(info: Info, ids: list[str]) -> list[Any]:
    """The nodes of some global ids, in one read for each type; None for those that are none, or that nothing has."""
    found: dict[str, Any] = {}
    by_type: dict[type[Loaded], dict[str, str]] = {}
    for id_ in ids:
        name, own = split(id_) or ("", "")
        definition = info.schema.get_type_by_name(name) if name else None
        origin = getattr(definition, "origin", None)
        if isinstance(origin, type) and issubclass(origin, Loaded):
            by_type.setdefault(origin, {})[id_] = own

    async def read(type_: type[Loaded], wanted: dict[str, str]) -> None:
        nodes = await type_.resolve_nodes(info=info, node_ids=wanted.values())
        found.update(zip(wanted, nodes, strict=True))

    await asyncio.gather(*(read(type_, wanted) for type_, wanted in by_type.items()))
    return [found.get(id_) for id_ in ids]
