"""What a query can cost, known before anything of it runs: page sizes, multiplied down every path of the answer.

The cost is the number of objects that the answer can hold, and of values that are looked up one by one. A list multiplies
by its page size: its argument `first` (or its default, or the largest page), the number of `ids`, what `@listSize` declares.
The lists of one trace's tree share the steps of that tree, however they are nested, because a step has one place in it.
A field that reads much more than it answers with adds what `@cost` says.
The whole walk is linear in the document with its fragments spread, whose size `documents` has limited by then.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.values import VariableValues, get_argument_values, get_directive_values
from graphql.type import GraphQLIncludeDirective, GraphQLInputType, GraphQLSkipDirective

from loopgraph.api.graphql.types.lineage.traversal import EDGES_PER_NODE, FEW_EDGES
from loopgraph.api.graphql.types.list_size import ListSize
from loopgraph.api.graphql.types.weight import Cost as Weight
from loopgraph.effects.traces.reading.reads import MAX_STEPS, MAX_TRACES, MOST
from loopgraph.errors import InvalidInput, UserError

VALUES_PER_NODE = 20
"""So many plain values may be asked for, on average, of each object that an answer may hold."""

_TREE_TYPES = {"Trace": MAX_TRACES, "HookExecution": MAX_STEPS, "EndpointCall": MAX_STEPS}
"""What the tree of a trace consists of, and how many of each it can hold."""

_TREE_OWNERS = {"Episode", "Trace", "HookExecution"}

_KNOWN_TYPES = 1_024
"""What is known of so many types is remembered."""


class TooExpensive(UserError):
    """A query could answer with more than the service takes on. Carries what it could cost, what may be, and where."""

    code = "TOO_EXPENSIVE"

    def __init__(self, path: str, cost: int, maximum: int, unit: str, page: int) -> None:
        """``page`` is the largest page size with which the query would be cheap enough; 0 if there is none."""
        right = (
            f"pages of at most {page} in all of its lists"
            if page
            else "fewer lists within lists, less `maxNodes`, or fewer fields that read much (`@cost`)"
        )
        super().__init__(
            f"{path}: the query can answer with {cost:,} {unit} of which most are here, and {maximum:,} are allowed; ask for "
            f"{right}"
        )
        self.extensions = {"field": path, "cost": cost, "maximum": maximum}


@dataclass(frozen=True)
class Limits:
    """What bounds a query: objects of its answer, items of a page (and of a list in its arguments), nodes of a traversal."""

    nodes: int
    page: int
    traversal: int


class _Place(NamedTuple):
    """A place in the answer: how many objects can be there, how many trees of traces they come from, which of their lists have
    a size by what was asked above, and whether (in an introspection) all types are there once.

    ``of_tree``: its edges or nodes are of the tree of the trace or step that has the connection. ``repeats``: links have led here
    from many objects, so that one object can be there many times. ``unwrapped``: how many wrappers of a type (lists, non-null)
    were taken off on the way here.
    """

    path: str
    many: int
    trees: int
    sizes: dict[str, int]
    every_type: bool = False
    of_tree: bool = False
    repeats: bool = False
    unwrapped: int = 0


@dataclass
class Cost:
    """What a query can cost: objects, plain values, and where the largest list of objects is."""

    nodes: int = 0
    values: int = 0
    largest: int = 0
    path: str = "query"


def check(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: dict[str, FragmentDefinitionNode],
    variables: VariableValues,
    limits: Limits,
) -> Cost:
    """What an operation can cost. Raises TooExpensive, or InvalidInput for a list in its arguments that is too long."""

    def with_pages_of(page: int) -> Cost:
        return _Walk(schema, fragments, variables, limits, page).of(operation)

    def fits(cost: Cost) -> bool:
        return cost.nodes <= limits.nodes and cost.values <= limits.nodes * VALUES_PER_NODE

    cost = with_pages_of(limits.page)
    if not fits(cost):
        page = bisect_left(range(1, limits.page), True, key=lambda size: not fits(with_pages_of(size)))
        if cost.nodes > limits.nodes:
            raise TooExpensive(cost.path, cost.nodes, limits.nodes, "nodes", page)
        raise TooExpensive(cost.path, cost.values, limits.nodes * VALUES_PER_NODE, "values", page)
    return cost


class _Walk:
    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: dict[str, FragmentDefinitionNode],
        variables: VariableValues,
        limits: Limits,
        page: int,
    ) -> None:
        self._schema, self._fragments, self._variables, self._limits = schema, fragments, variables, limits
        self._largest_page = page
        self._cost = Cost()

    def of(self, operation: OperationDefinitionNode) -> Cost:
        root = self._schema.get_root_type(operation.operation)
        assert root is not None, "a valid document"
        self._visit([(root, operation.selection_set)], _Place("", 1, 1, {}))
        return self._cost

    def _visit(self, parts: list[tuple[GraphQLNamedType, SelectionSetNode]], place: _Place) -> None:
        """Adds what some selection sets of one place ask for; fields of the same response name are one."""
        merged: dict[str, list[tuple[GraphQLNamedType, FieldNode]]] = {}
        for parent, selections in parts:
            for type_, node in self._fields(parent, selections, set()):
                merged.setdefault(node.alias.value if node.alias else node.name.value, []).append((type_, node))
        for name, same in merged.items():
            self._field(f"{place.path}.{name}" if place.path else name, same, place)

    def _fields(
        self, parent: GraphQLNamedType, selections: SelectionSetNode, seen: set[str]
    ) -> Iterator[tuple[GraphQLNamedType, FieldNode]]:
        for selection in selections.selections:
            if not self._included(selection):
                continue
            if isinstance(selection, FieldNode):
                yield parent, selection
                continue
            fragment: Any = selection
            if not isinstance(selection, InlineFragmentNode):
                name = selection.name.value  # type: ignore[attr-defined]
                if name in seen:
                    continue
                seen.add(name)
                fragment = self._fragments[name]
            condition = fragment.type_condition
            type_ = self._schema.get_type(condition.name.value) if condition else parent
            assert type_ is not None, "a valid document"
            yield from self._fields(type_, fragment.selection_set, seen)

    def _included(self, node: Any) -> bool:
        if not node.directives:
            return True
        skip = get_directive_values(GraphQLSkipDirective, node, self._variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self._variables)
        return not (skip and skip["if"]) and not (include and not include["if"])

    def _field(self, path: str, same: list[tuple[GraphQLNamedType, FieldNode]], place: _Place) -> None:
        below: list[tuple[GraphQLNamedType, SelectionSetNode]] = []
        count, trees, sizes, looked_up, of_tree, repeats = 0, place.trees, dict[str, int](), False, False, place.repeats
        weight, unwrapped = 0, place.unwrapped + 1
        for parent, node in same:
            definition = self._schema.get_field(parent, node.name.value)  # type: ignore[arg-type]
            assert definition is not None, "a valid document"
            arguments = self._arguments(path, definition, node)
            type_, one = get_named_type(definition.type), place.many
            if _is_list(definition) and (is_composite_type(type_) or "first" in definition.args):
                size = self._size(parent, definition, node.name.value, arguments, place)
                one = self._share(parent, definition, place, size)
            elif _is_link(parent, type_) and place.path:
                repeats = True
            if not (parent.name == "__Type" and node.name.value == "ofType"):
                unwrapped = 0
            elif unwrapped > _deepest_wrapping(self._schema):
                one = 0
            if count <= one:
                count = one
                of_tree = _is_of_tree(parent, definition, place)
                trees = place.trees if of_tree else one
                sizes = self._sizes(definition, arguments)
            if is_composite_type(type_) and node.selection_set:
                below.append((type_, node.selection_set))
            looked_up = looked_up or _is_looked_up(definition)
            weight = max(weight, weight_of(definition))
        self._charge(path, place.many * weight)
        if not below:
            self._cost.values += count
            self._cost.nodes += place.many if looked_up else 0
            return
        self._charge(path, count)
        every_type = type_.name.startswith("__") and (
            parent.name == "__Schema" or (place.every_type and type_.name != "__Type")
        )
        of_tree = of_tree and _is_paging(type_)
        self._visit(below, _Place(path, count, trees, sizes, every_type, of_tree, repeats, unwrapped))

    def _charge(self, path: str, nodes: int) -> None:
        self._cost.nodes += nodes
        if nodes > self._cost.largest:
            self._cost.largest, self._cost.path = nodes, path

    def _arguments(self, path: str, definition: GraphQLField, node: FieldNode) -> dict[str, Any]:
        if not definition.args:
            return {}
        arguments = get_argument_values(definition, node, self._variables)
        for name, argument in definition.args.items():
            if (value := arguments.get(argument.out_name or name)) is not None:
                for at, length in long_lists(name, argument.type, value, self._limits.page):
                    raise InvalidInput(at, f"must be at most {self._limits.page}, not {length}")
        return {name: arguments.get(argument.out_name or name) for name, argument in definition.args.items()}

    def _size(
        self, parent: GraphQLNamedType, definition: GraphQLField, name: str, arguments: dict[str, Any], place: _Place
    ) -> int:
        """How many items a list can have for one parent."""
        if "first" in definition.args:
            return self._page(arguments["first"])
        if "ids" in definition.args:
            return min(len(arguments["ids"] or ()), self._largest_page)
        if name in place.sizes:
            return place.sizes[name]
        if parent.name.startswith("__"):
            return _of_introspection(self._schema, parent, name, exact=place.every_type)
        declared = list_size(definition)
        if declared is not None and declared.assumed_size:
            return declared.assumed_size
        return self._limits.page

    def _page(self, first: Any) -> int:
        return min(max(first, 0), self._largest_page) if isinstance(first, int) else self._largest_page

    def _sizes(self, definition: GraphQLField, arguments: dict[str, Any]) -> dict[str, int]:
        """The sizes of the lists of what a field answers with, where the field's own arguments say it."""
        declared = list_size(definition)
        if "first" in definition.args:
            sized = (declared and declared.sized_fields) or ["edges"]
            return dict.fromkeys(sized, self._page(arguments["first"]))
        if declared is None or not declared.sized_fields:
            return {}
        wanted: Any = arguments
        for name in (declared.slicing_arguments or [""])[0].split("."):
            wanted = (wanted or {}).get(name)
        nodes = min(max(wanted, 0), self._limits.traversal) if isinstance(wanted, int) else self._limits.traversal
        edges = max(EDGES_PER_NODE * nodes, FEW_EDGES)
        return {name: edges if name == "edges" else nodes for name in declared.sized_fields}

    def _share(self, parent: GraphQLNamedType, definition: GraphQLField, place: _Place, size: int) -> int:
        """How many items the lists of one place can have together."""
        count = place.many * size
        if _is_of_tree(parent, definition, place):
            count = min(count, place.trees * _TREE_TYPES[_item(get_named_type(definition.type)).name])
            return count if place.repeats else min(count, MOST)
        return count


def list_size(definition: GraphQLField) -> ListSize | None:
    """The directive of a field, if it has one."""
    return next((found for found in _directives(definition) if isinstance(found, ListSize)), None)


def weight_of(definition: GraphQLField) -> int:
    """What a field costs beside the objects that it answers with."""
    return next((int(found.weight) for found in _directives(definition) if isinstance(found, Weight)), 0)


def _directives(definition: GraphQLField) -> Sequence[Any]:
    return getattr(definition.extensions.get("strawberry-definition"), "directives", ())


def _is_of_tree(parent: GraphQLNamedType, definition: GraphQLField, place: _Place) -> bool:
    """Whether a field leads to what is in the tree of its parent, in lists or connections: there, each thing has one place."""
    type_ = get_named_type(definition.type)
    if _item(type_).name not in _TREE_TYPES:
        return False
    return place.of_tree or (parent.name in _TREE_OWNERS and (_is_list(definition) or _is_paging(type_)))


@lru_cache(maxsize=_KNOWN_TYPES)
def _item(type_: GraphQLNamedType) -> GraphQLNamedType:
    """The type of the items of a connection or an edge; of another type, itself."""
    while _is_paging(type_):
        fields = type_.fields  # type: ignore[attr-defined]  # only objects page
        type_ = get_named_type(fields["edges" if "edges" in fields else "node"].type)
    return type_


@lru_cache(maxsize=_KNOWN_TYPES)
def _is_paging(type_: GraphQLNamedType) -> bool:
    """Whether a type is a connection or an edge of one."""
    fields = getattr(type_, "fields", {})
    return {"pageInfo", "edges"} <= fields.keys() or {"cursor", "node"} <= fields.keys()


def _is_link(parent: GraphQLNamedType, type_: GraphQLNamedType) -> bool:
    """Whether a field leads from one object to another node, which many can link to."""
    return bool(getattr(type_, "interfaces", ())) and not _is_paging(parent)


def _is_list(definition: GraphQLField) -> bool:
    type_ = definition.type
    return is_list_type(type_.of_type if is_non_null_type(type_) else type_)


def _is_looked_up(definition: GraphQLField) -> bool:
    return bool(getattr(definition.extensions.get("strawberry-definition"), "is_async", False))


def long_lists(path: str, type_: GraphQLInputType, value: Any, maximum: int) -> Iterator[tuple[str, int]]:
    """The lists of an argument that are longer than may be, and their lengths; scalars are not looked into."""
    inner = type_.of_type if is_non_null_type(type_) else type_
    if is_list_type(inner) and isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) > maximum:
            yield path, len(value)
        else:
            for index, item in enumerate(value):
                yield from long_lists(f"{path}.{index}", inner.of_type, item, maximum)
    elif is_input_object_type(inner) and isinstance(value, dict):
        for name, known in inner.fields.items():
            if (item := value.get(known.out_name or name)) is not None:
                yield from long_lists(f"{path}.{name}", known.type, item, maximum)


@lru_cache(maxsize=8)
def _deepest_wrapping(schema: GraphQLSchema) -> int:
    """How many lists and non-nulls the most wrapped type of the schema is in: ``[Int!]!`` is in three."""
    fields = [field for type_ in schema.type_map.values() for field in getattr(type_, "fields", {}).values()]
    arguments = [one for owner in (*fields, *schema.directives) for one in getattr(owner, "args", {}).values()]
    return max(_wrapping(each.type) for each in (*fields, *arguments))


def _wrapping(type_: object) -> int:
    inner = getattr(type_, "of_type", None)
    return 0 if inner is None else 1 + _wrapping(inner)


def _of_introspection(schema: GraphQLSchema, parent: GraphQLNamedType, name: str, *, exact: bool) -> int:
    """How many items a list of the schema's own description has: on average where every type is listed once; at most where
    one type leads to others."""
    types = list(schema.type_map.values())
    if parent.name == "__Schema":
        return len(types) if name == "types" else len(schema.directives)
    sizes = {
        "args": [
            len(one.args) for type_ in types for one in getattr(type_, "fields", {}).values() if hasattr(one, "args")
        ],
        "enumValues": [len(getattr(type_, "values", ())) for type_ in types],
        "possibleTypes": [len(getattr(type_, "types", ())) for type_ in types],
        "interfaces": [len(getattr(type_, "interfaces", ())) for type_ in types],
    }.get(name) or [len(getattr(type_, "fields", ())) for type_ in types]
    return -(-sum(sizes) // len(sizes)) if exact else max(sizes)
