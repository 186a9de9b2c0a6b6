"""The models in GQLAlchemy itself, which needs an environment of its own: ``.ci/run`` makes it."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Any

import pytest

if importlib.util.find_spec("gqlalchemy") is None:
    pytest.skip("GQLAlchemy needs an environment of its own: .ci/run makes it", allow_module_level=True)

import gqlalchemy
from gqlalchemy.exceptions import GQLAlchemyError
from neo4j.exceptions import Neo4jError

from loopgraph import ogm
from loopgraph.contracts.catalogue.kinds import Kind, Properties
from loopgraph.contracts.catalogue.nodes import NODES
from loopgraph.contracts.catalogue.relationships import CONNECTIONS
from loopgraph.contracts.lineage.patterns import RelationshipType
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.schema import schema
from support.engines import EngineUnderTest
from support.filled import fill
from support.lineage import Room
from support.ogm_models import TAKEN, class_name
from support.own_engine import own_embedded

HOLDS = {
    Kind.TEXT: str,
    Kind.INTEGER: int,
    Kind.FLOAT: float,
    Kind.BOOLEAN: bool,
    Kind.INSTANT: datetime,
    Kind.TEXTS: list,
}


def fields(model: Any) -> dict[str, Any]:
    """The fields of a model, by the names of the properties."""
    return {field.alias: field for field in model.__fields__.values()}


def named(properties: Properties) -> set[str]:
    return set(properties)


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.label)
def test_a_class_has_the_properties_of_its_label(node: Any) -> None:
    model = getattr(ogm, node.label)
    assert issubclass(model, gqlalchemy.Node)
    assert (model.label, model.labels) == (node.label, {node.label})
    assert fields(model).keys() == named(node.properties)
    assert all(not field.required for field in fields(model).values())


@pytest.mark.parametrize("connection", CONNECTIONS, ids=lambda connection: connection.type)
def test_a_class_has_the_properties_of_its_type(connection: Any) -> None:
    model = getattr(ogm, class_name(connection.type))
    assert issubclass(model, gqlalchemy.Relationship)
    assert model.type == connection.type
    assert fields(model).keys() == named(connection.properties)


@pytest.fixture(scope="module")
async def filled(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ogm.Graph]:
    with own_embedded(tmp_path_factory.mktemp("graph")) as own:
        settings = own.with_new_database()
        async with Graph.open(settings) as graph:
            await schema.prepare(graph)
            await fill(graph, tmp_path_factory.mktemp("archive"))
        login = {"user": settings.graph_user, "password": settings.graph_password.get_secret_value()}
        objects = ogm.connect(settings.graph_url, **login, database=settings.graph_database)
        yield objects
        objects.close()


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.label)
def test_every_node_of_a_graph_is_an_object_of_its_class(filled: ogm.Graph, node: Any) -> None:
    for row in filled.execute_and_fetch(f"MATCH (n:{node.label}) RETURN n, properties(n) AS p"):
        found, properties = row["n"], row["p"]
        assert type(found) is getattr(ogm, node.label)
        for name, value in properties.items():
            held = getattr(found, f"{name}_" if name in TAKEN else name)
            kind = node.properties[name].kind
            if value is None:
                assert held is None
            elif kind is Kind.JSON:
                assert held == json.loads(value)
            else:
                assert held == value
                assert isinstance(held, HOLDS[kind])


@pytest.mark.parametrize("connection", CONNECTIONS, ids=lambda connection: connection.type)
def test_every_relationship_of_a_graph_is_an_object_of_its_class(filled: ogm.Graph, connection: Any) -> None:
    rows = list(filled.execute_and_fetch(f"MATCH (a)-[r:{connection.type}]->(b) RETURN a, r, b, properties(r) AS p"))
    assert rows
    for row in rows:
        assert type(row["r"]) is getattr(ogm, class_name(connection.type))
        assert row["r"]._nodes == (row["a"]._id, row["b"]._id)
        assert set(row["p"]) <= fields(type(row["r"])).keys()


@pytest.fixture(scope="module")
def objects(engine: EngineUnderTest) -> Iterator[ogm.Graph]:
    graph = ogm.connect(engine.url, user=engine.user, password=engine.password, database=engine.database)
    yield graph
    graph.close()


async def test_objects_are_found_by_their_keys_on_every_engine(objects: ogm.Graph, graph: Graph) -> None:
    room = Room.on(graph)
    created = await room.pattern(template_code="one", parameters={"a": [1]}, label="first")
    [second] = await room.versions(1)
    await room.connect(created.version.node_id, second, RelationshipType.RELATED_TO, similarity_score=0.5)
    version = ogm.PatternVersion(node_id=created.version.node_id).load(objects)
    assert (version.template_code, version.parameters, version.label_) == ("one", {"a": [1]}, "first")
    assert version.created_at == created.version.created_at
    text = "MATCH p = (v:PatternVersion {node_id: $id})-[r:RELATED_TO]->(w) RETURN p, [v, r] AS both"
    [row] = objects.execute_and_fetch(text, {"id": version.node_id})
    assert [type(one) for one in row["both"]] == [ogm.PatternVersion, ogm.RelatedTo]
    assert [node.node_id for node in row["p"]._nodes] == [version.node_id, second]
    assert row["p"]._relationships[0].similarity_score == 0.5
    with pytest.raises(GQLAlchemyError):
        ogm.PatternVersion(node_id="nobody").load(objects)


def test_nothing_is_saved_with_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("graph")
    with own_embedded(path):
        objects = ogm.connect(f"embedded:{path}")
        try:
            with pytest.raises(Neo4jError, match="not allowed"):
                ogm.Agent(name="forged").save(objects)
            with pytest.raises(Neo4jError):
                objects.create_index(gqlalchemy.models.Neo4jIndex("Agent", "name"))
            objects.drop_database()  # of what is not there, nothing is deleted
            assert list(objects.execute_and_fetch("MATCH (n) RETURN n")) == []
        finally:
            objects.close()
