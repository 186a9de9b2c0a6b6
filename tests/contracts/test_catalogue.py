"""The catalogue of the graph against what the service's statements name and what its schema declares."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import pytest

from loopgraph.assets import CHOICES, all_queries, schema_statements
from loopgraph.contracts.catalogue.kinds import Kind, kind_of, of
from loopgraph.contracts.catalogue.nodes import KEYS, NODES
from loopgraph.contracts.catalogue.relationships import CONNECTIONS
from loopgraph.contracts.lineage.patterns import Baseline, Pattern, PatternStatus
from loopgraph.contracts.traces.retention import KEYS as ARCHIVED
from loopgraph.settings import Engine

BY_LABEL = {node.label: node for node in NODES}
BY_TYPE = {connection.type: connection for connection in CONNECTIONS}
DECLARED = {"STRING": Kind.TEXT, "INTEGER": Kind.INTEGER, "FLOAT": Kind.FLOAT, "ZONED DATETIME": Kind.INSTANT}


def written() -> str:
    """All statements of the service but those of migrations, whose labels and types can be of old."""
    return "\n".join(
        text for query in all_queries() if not query.name.startswith("migrations/") for _, text in query.texts
    )


def test_every_label_and_type_of_a_statement_is_in_the_catalogue() -> None:
    text = re.sub(r"'[^']*'|\"[^\"]*\"", "''", written())
    labels = set(re.findall(r"\(\w*:(\w+)", text)) - CHOICES.keys()
    groups = re.findall(r"\[\w*:([\w|:]+)", text)
    types = {name for group in groups for name in re.split(r"[|:]+", group)} - CHOICES.keys()
    assert labels == BY_LABEL.keys()
    assert types | set(CHOICES["EDGE_TYPE"]) | set(CHOICES["DRAWN_TYPE"]) == BY_TYPE.keys()


def test_the_ends_of_every_type_are_labels_of_the_catalogue() -> None:
    ends = {end for connection in CONNECTIONS for pair in connection.ends for end in pair}
    assert ends <= BY_LABEL.keys()


def test_the_keys_are_those_that_the_schema_holds_unique() -> None:
    unique = [
        (match[1], match[2])
        for statement in schema_statements(Engine.NEO4J)
        if (match := re.search(r"FOR \(n:(\w+)\) REQUIRE n\.(\w+) IS UNIQUE", statement))
    ]
    labels = {label for label, _ in unique}
    assert {item for item in KEYS.items() if item[0] in labels} <= {*unique}
    assert len(unique) - len(labels) == 2, "the hashes of a token and of a sign-in, beside their ids"
    assert {label: KEYS[label] for label in ARCHIVED} == ARCHIVED


def test_every_type_that_the_schema_declares_is_that_of_the_catalogue() -> None:
    compared = 0
    for statement in schema_statements(Engine.EMBEDDED):
        node = re.search(r"FOR \(n:(\w+)\) REQUIRE n\.(\w+) IS :: ([A-Z ]+)$", statement)
        edge = re.search(r"FOR \(\)-\[r:(\w+)\]-\(\) REQUIRE r\.(\w+) IS :: ([A-Z ]+)$", statement)
        if found := node or edge:
            owner = BY_LABEL[found[1]] if node else BY_TYPE[found[1]]
            assert owner.properties[found[2]].kind is DECLARED[found[3]], statement
            compared += 1
    assert compared > 100


def test_no_property_has_a_name_that_is_needed_otherwise() -> None:
    owners = (*NODES, *CONNECTIONS)
    assert [owner for owner in owners if "type" in owner.properties or any(n[0] == "_" for n in owner.properties)] == []


def test_what_is_no_field_of_a_contract_says_what_it_is() -> None:
    [pattern] = [node for node in NODES if node.label == "Pattern"]
    silent = {name for name, one in pattern.properties.items() if not one.note}
    assert silent == set(Pattern.model_fields) - {"current_node_id"}


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        (str | None, Kind.TEXT),
        (Annotated[int, "any"], Kind.INTEGER),
        (bool, Kind.BOOLEAN),
        (float | None, Kind.FLOAT),
        (PatternStatus, Kind.TEXT),
        (Literal["a", "b"], Kind.TEXT),
        (tuple[str, ...], Kind.TEXTS),
        (frozenset[PatternStatus], Kind.TEXTS),
        (tuple[Baseline, ...], Kind.JSON),
        (dict[str, Any], Kind.JSON),
        (Any, Kind.JSON),
        (Baseline | None, Kind.JSON),
    ],
)
def test_the_kind_of_a_type(annotation: Any, kind: Kind) -> None:
    assert kind_of(annotation) is kind


@pytest.mark.parametrize("annotation", [object, str | int, complex])
def test_a_type_that_no_property_can_have_is_refused(annotation: Any) -> None:
    with pytest.raises(TypeError):
        kind_of(annotation)


def test_a_field_that_is_none_is_refused() -> None:
    with pytest.raises(TypeError, match="Pattern has no field nmae"):
        of(Pattern, without=("nmae",))
