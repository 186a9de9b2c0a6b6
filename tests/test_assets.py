"""Query files become checked values; a wrong file is named with its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from loopgraph.assets import CHOICES, Access, Query, all_queries, asset, load_query, query, schema_statements
from loopgraph.errors import AssetError
from loopgraph.settings import Engine

READING = """\
// Finds one thing.
// access: read
// parameters: id, limit
// returns: thing
MATCH (n:Thing {id: $id})
RETURN n AS thing
LIMIT $limit
"""

Load = Callable[..., Query]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads the query ``room/thing`` from a text, with the texts of engines that have one of their own."""

    def load(text: str, **overrides: str) -> Query:
        folder = tmp_path / "room"
        folder.mkdir(exist_ok=True)
        (folder / "thing.cypher").write_text(text)
        for engine, override in overrides.items():
            (folder / f"thing.{engine}.cypher").write_text(override)
        return load_query(tmp_path, "room/thing")

    return load


def refused(load: Load, text: str, **overrides: str) -> tuple[str, int, str]:
    """The file, the line and the problem that the error names."""
    with pytest.raises(AssetError) as caught:
        load(text, **overrides)
    file, line = caught.value.file, caught.value.line
    assert str(caught.value).startswith(f"{file}:{line}: ")
    return file, line, str(caught.value).removeprefix(f"{file}:{line}: ")


def load_marks(found: Query) -> list[tuple[str, tuple[str, ...]]]:
    return [tuple(each) for each in found.marks]


class TestLoading:
    def test_a_query_is_what_its_header_declares_and_the_statement_below_it(self, load: Load) -> None:
        found = load(READING)
        assert found.name == "room/thing"
        assert found.purpose == "Finds one thing."
        assert found.access is Access.READ
        assert found.parameters == {"id", "limit"}
        assert found.returns == ("thing",)
        assert found.text(Engine.NEO4J) == "MATCH (n:Thing {id: $id})\nRETURN n AS thing\nLIMIT $limit"

    def test_the_purpose_may_take_several_lines(self, load: Load) -> None:
        assert load(READING.replace("one thing.", "one\n// thing.")).purpose == "Finds one thing."

    def test_nothing_stands_for_no_parameters_and_no_columns(self, load: Load) -> None:
        text = "// Ends it.\n// access: write\n// parameters: nothing\n// returns: nothing\nMATCH (n:Thing) DELETE n\n"
        found = load(text)
        assert (found.parameters, found.returns) == (frozenset(), ())

    @pytest.mark.parametrize("key", ["access", "parameters", "returns"])
    def test_a_missing_key_is_named(self, load: Load, key: str) -> None:
        lines = [line for line in READING.splitlines(keepends=True) if not line.startswith(f"// {key}:")]
        problem = f"the header lacks `// {key}: …` (write `nothing` for none)"
        assert refused(load, "".join(lines)) == ("room/thing.cypher", 1, problem)

    def test_a_statement_without_a_purpose_is_refused(self, load: Load) -> None:
        _, line, problem = refused(load, READING.partition("\n")[2])
        assert (line, problem) == (1, "the header must begin with what the statement is for")

    def test_an_unknown_access_is_refused_on_its_line(self, load: Load) -> None:
        _, line, problem = refused(load, READING.replace("access: read", "access: peek"))
        assert (line, problem) == (2, "access must be read or write, not 'peek'")

    @pytest.mark.parametrize("clause", ["SET n.seen = true", "set n.seen = true", "MERGE (:Thing)", "DETACH DELETE n"])
    def test_a_reading_statement_may_not_write(self, load: Load, clause: str) -> None:
        _, line, problem = refused(load, READING.replace("RETURN", f"{clause}\nRETURN"))
        assert line == 6
        assert problem.startswith("access is read, but the statement has ")

    def test_a_writing_statement_must_write(self, load: Load) -> None:
        _, line, problem = refused(load, READING.replace("access: read", "access: write"))
        assert (line, problem) == (2, "access is write, but the statement only reads")

    def test_a_parameter_that_is_not_declared_is_named_where_it_is_used(self, load: Load) -> None:
        _, line, problem = refused(load, READING.replace("id, limit", "id"))
        assert (line, problem) == (7, "the parameter $limit is used but not declared")

    def test_a_parameter_that_is_not_used_is_named_where_it_is_declared(self, load: Load) -> None:
        _, line, problem = refused(load, READING.replace("id, limit", "id, limit, extra"))
        assert (line, problem) == (3, "the parameter extra is declared but not used")

    def test_what_looks_like_code_in_strings_and_comments_is_none(self, load: Load) -> None:
        text = READING.replace(
            "RETURN",
            "WHERE n.a <> 'costs $5, DELETE \\' $not' AND n.b <> \"$nor $this SET\" // and not $here, nor CREATE\n"
            "  AND n.`$odd MERGE` = 1 /* $there\n   REMOVE */\nRETURN",
        )
        found = load(text)
        assert found.parameters == {"id", "limit"}
        assert found.access is Access.READ

    def test_whoever_writes_traces_says_what_is_to_be_counted_anew(self, load: Load) -> None:
        text = READING.replace("access: read", "access: write").replace("RETURN", "CREATE (:Trace {id: $id})\nRETURN")
        assert refused(load, text)[1:] == (1, "it writes Trace, and lacks `// marks: …` (write `nothing` for none)")
        marking = text.replace("// returns", "// marks: Trace id\n// returns")
        assert load_marks(load(marking)) == [("Trace", ("id",))]
        _, line, problem = refused(load, marking.replace("Trace id", "Trace other"))
        assert (line, problem) == (4, "Trace other is no label with a parameter of the statement")

    def test_a_file_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(AssetError, match=r"room/other\.cypher:1: there is no such query file"):
            load_query(tmp_path, "room/other")


class TestOverrides:
    def test_an_engine_gets_its_own_text_and_the_others_the_common_one(self, load: Load) -> None:
        found = load(READING, memgraph=READING.replace("RETURN n", "RETURN properties(n)"))
        assert "properties(n)" in found.text(Engine.MEMGRAPH)
        assert found.text(Engine.NEO4J) == found.text(Engine.EMBEDDED) == READING.partition("thing\n")[2].strip()

    @pytest.mark.parametrize(
        ("override", "line", "key"),
        [
            (READING.replace("id, limit", "id").replace("LIMIT $limit", "LIMIT 1"), 3, "parameters"),
            (READING.replace("returns: thing", "returns: other"), 4, "returns"),
            (READING.replace("access: read", "access: write").replace("LIMIT", "SET n.a = 1 LIMIT"), 2, "access"),
        ],
    )
    def test_an_override_with_another_header_is_refused(self, load: Load, override: str, line: int, key: str) -> None:
        problem = f"{key} must be the same as in thing.cypher"
        assert refused(load, READING, neo4j=override) == ("room/thing.neo4j.cypher", line, problem)

    def test_an_override_is_checked_like_every_text(self, load: Load) -> None:
        file, line, _ = refused(load, READING, embedded=READING.replace("{id: $id}", "{id: $other}"))
        assert (file, line) == ("room/thing.embedded.cypher", 5)


class TestChoices:
    TEXT = READING.replace("(n:Thing {id: $id})", "(n:Thing {id: $id})-[:EDGE_TYPES]->() WHERE n.EVENT_KEY > ''")

    def test_a_text_is_given_out_when_its_choices_are_made(self, load: Load) -> None:
        found = load(self.TEXT)
        assert found.choices == {"EDGE_TYPES", "EVENT_KEY"}
        with pytest.raises(ValueError, match="choose EDGE_TYPES, EVENT_KEY first"):
            found.text(Engine.NEO4J)
        chosen = found.choose(EDGE_TYPES=["MERGED_INTO", "DERIVED_FROM"], EVENT_KEY="node_key")
        assert "-[:DERIVED_FROM|MERGED_INTO]->() WHERE n.node_key > ''" in chosen.text(Engine.NEO4J)
        assert found.choices == {"EDGE_TYPES", "EVENT_KEY"}

    @pytest.mark.parametrize(
        "choice",
        [
            {"EDGE_TYPES": "NO_SUCH_TYPE"},
            {"EDGE_TYPES": []},
            {"EDGE_TYPES": ["DERIVED_FROM", "x]->() DETACH DELETE n //"]},
            {"EVENT_KEY": ["node_key", "time_key"]},
            {"NO_SUCH_WORD": "node_key"},
        ],
    )
    def test_only_the_closed_set_can_be_chosen_from(self, load: Load, choice: dict[str, str | list[str]]) -> None:
        with pytest.raises(ValueError, match=r"is not a choice for|takes one value"):
            load(self.TEXT).choose(**choice)


class TestShipped:
    def test_every_query_loads_and_is_found_by_its_name(self) -> None:
        found = all_queries()
        assert len(found) > 50
        assert [each.name for each in found] == sorted({each.name for each in found})
        assert all(query(each.name) is each for each in found)

    @pytest.mark.lengthy
    @pytest.mark.parametrize("engine", Engine)
    def test_every_query_has_a_text_for_every_engine(self, engine: Engine) -> None:
        for found in all_queries():
            text = found.choose(**{word: CHOICES[word][0] for word in found.choices}).text(engine)
            assert text, found.name
            assert not any(word in text for word in CHOICES), found.name

    @pytest.mark.lengthy
    def test_every_override_belongs_to_a_query(self) -> None:
        names = {found.name for found in all_queries()}
        for path in asset("cypher").rglob("*.cypher"):
            name, _, engine = path.relative_to(asset("cypher")).as_posix().removesuffix(".cypher").partition(".")
            if engine:
                assert name in names
                assert engine in set(Engine)

    @pytest.mark.parametrize("engine", Engine)
    def test_every_engine_has_its_schema(self, engine: Engine) -> None:
        statements = schema_statements(engine)
        assert len(statements) > 20
        assert all(statement.startswith("CREATE ") for statement in statements)
        assert len(set(statements)) == len(statements)

    def test_the_engines_make_the_same_things_unique(self) -> None:
        """Memgraph has no uniqueness of relationships, and writes a constraint in its own way."""
        neo4j = _unique_nodes(Engine.NEO4J)
        assert neo4j == _unique_nodes(Engine.EMBEDDED) == _unique_nodes(Engine.MEMGRAPH)
        assert ("PatternVersion", "pattern_id, version") in neo4j


def _unique_nodes(engine: Engine) -> set[tuple[str, str]]:
    found = set()
    for statement in schema_statements(engine):
        if not statement.endswith("IS UNIQUE") or "(n:" not in statement:
            continue
        label = statement.partition("(n:")[2].partition(")")[0]
        keys = statement.partition("REQUIRE" if "REQUIRE" in statement else "ASSERT")[2].removesuffix("IS UNIQUE")
        found.add((label, keys.strip(" ()").replace("n.", "")))
    return found
