"""The documentation is held to the code: settings, commands, queries and files that it names exist, and none is left out."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest
from graphql import NoDeprecatedCustomRule, parse, validate
from pydantic import SecretStr
from typer.main import get_command

from loopgraph.api.graphql import cost
from loopgraph.api.graphql import schema as api
from loopgraph.api.graphql.documents import Documents, Limits
from loopgraph.api.http.batch import _CONTRACTS as CONTRACTS
from loopgraph.api.http.broker_messages import event_of_message
from loopgraph.api.http.ingest import event_of
from loopgraph.assets import asset
from loopgraph.commands.app import app
from loopgraph.computes.agents.claude_code import observe_hook
from loopgraph.computes.agents.hooks import Arrival
from loopgraph.contracts.broker import Message, Partition, PatternEvent
from loopgraph.contracts.lineage.patterns import RelationshipType
from loopgraph.effects.clock import new_id, now
from loopgraph.errors import LoopgraphError
from loopgraph.settings import Settings
from support.quick import first_quick

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
DOCUMENTATION = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def setting_row(name: str) -> str:
    """The line of the table of settings for one setting."""
    field = Settings.model_fields[name]
    default = field.default
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    default = {"graph_url": "embedded:<data folder>/graph", "embedded_cache": "<cache folder>"}.get(name, default)
    if isinstance(default, tuple):
        default = (", " if any(" " in each for each in default) else " ").join(default)
    shown = f"`{default}`" if default not in (None, "", ()) else ""
    return f"| `LOOPGRAPH_{name.upper()}` | {shown} | {field.description} |"


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    assert setting_row(name) in DOCUMENTATION.splitlines()


def test_no_setting_is_documented_that_does_not_exist() -> None:
    named = set(re.findall(r"`LOOPGRAPH_(\w+)`", DOCUMENTATION))
    tests_only = {name for name in named if name.startswith("TEST_")}
    assert named - tests_only == {name.upper() for name in Settings.model_fields}


@pytest.mark.lengthy
def test_every_command_and_option_is_documented() -> None:
    rows = {
        match[1]: match[0]
        for match in re.finditer(r"^\| `loopgraph ([a-z -]+?)(?: [A-Z]+)?` \|.*$", DOCUMENTATION, re.M)
    }
    commands = {}
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        group = getattr(command, "commands", None)
        commands |= {f"{name} {sub}": found for sub, found in group.items()} if group else {name: command}
        commands |= {name: command} if getattr(command, "invoke_without_command", False) else {}
    assert rows.keys() == commands.keys()
    for name, command in commands.items():
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("--") and option not in ("--help", "--quiet"):
                    assert option in rows[name], f"{option} of loopgraph {name}"


@pytest.mark.lengthy
@pytest.mark.parametrize("text", first_quick(re.findall(r"```graphql\n(.*?)```", DOCUMENTATION, re.S), 20))
async def test_every_query_of_the_documentation_is_allowed_and_uses_nothing_deprecated(text: str) -> None:
    schema, settings = api.build_schema(Settings()), Settings()
    assert validate(schema._schema, parse(text), [NoDeprecatedCustomRule]) == []  # type: ignore[attr-defined]
    checked = Documents(
        Limits(settings.max_query_depth, settings.max_query_aliases, settings.max_query_tokens),
        cost.Limits(settings.max_query_nodes, settings.max_page_size, settings.max_traversal_nodes),
    )
    found = await checked.checked(schema._schema, text)  # type: ignore[attr-defined]
    assert (found.errors, len(found.document.definitions)) == ([], 1)
    operation = found.document.definitions[0]
    assert await checked.affordable(schema._schema, text, found.document, operation, {}) == []  # type: ignore[attr-defined]


@pytest.mark.lengthy
def test_nobody_is_told_to_install_what_has_this_name_in_the_index_of_packages() -> None:
    """It is another project: ours is installed from its checkout."""
    messages = sorted((ROOT / "app").rglob("*.py"))
    said = re.compile(r"\bpip3? install\b[^\n`&]*(?<![\w./-])loopgraph(?=[\[\s'\"`])")
    assert said.search("pip install 'loopgraph[ogm]'")
    assert said.search("pip install loopgraph\n")
    for path in [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *messages]:
        assert not (found := said.search(path.read_text(encoding="utf-8"))), (path, found)


def test_every_place_that_contributing_names_exists() -> None:
    package = ROOT / "app" / "loopgraph"
    for name in re.findall(r"^ {6}(\w[\w/.]*)(?:, (\w+/))? {2,}", CONTRIBUTING, re.M):
        for part in filter(None, name):
            assert (package / part).exists(), part
    for path in re.findall(r"`((?:api|effects|orchestrators|contracts|cypher)/[\w./]+)`", CONTRIBUTING):
        places = (package / path, package / f"{path}.py", ROOT / path)
        if (
            "<" not in path
            and "*" not in path
            and "." not in Path(path).name.removesuffix(".cypher").removesuffix(".py")
        ):
            assert any(place.exists() for place in places), path


@cache
def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings have where it is shown."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.*?)$", text, re.M)
    return {re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_between_pages_leads_to_something(page: Path) -> None:
    for path, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", page.read_text(encoding="utf-8")):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"


@pytest.mark.parametrize("kind", list(RelationshipType))
def test_every_edge_type_has_its_constraint_and_its_lookup(kind: RelationshipType) -> None:
    for engine in ("neo4j", "embedded"):
        text = asset("cypher", "schema", f"{engine}.cypher").read_text(encoding="utf-8")
        assert f"FOR ()-[r:{kind.value}]-() REQUIRE r.edge_id IS UNIQUE" in text


def test_every_trace_that_the_documentation_begins_by_curl_ends() -> None:
    begun, ended = set(), set()
    for path, headers, body in re.findall(
        r"^curl localhost:8053/api/traces/(\w+) (.*?) -d '(.*?)'$", DOCUMENTATION, re.M | re.S
    ):
        header = re.search(r"x-correlation-id: ([\w-]+)", headers)
        body = re.sub("<(.*?)>", r"\1", body)  # what the reader is to fill in
        for event in map(json.loads, body.splitlines() if path == "batch" else [body]):
            kind = event.pop("kind", path)
            event.setdefault("correlation_id", header and header[1])
            checked = event_of(CONTRACTS[kind], event)
            (ended if kind == "complete" else begun).add(checked.correlation_id)
    assert begun == ended >= {"task-4711", "task-4712"}


@pytest.mark.lengthy
def test_the_events_of_hooks_and_the_queries_that_the_documentation_sends_by_curl_are_understood() -> None:
    event, *_ = re.findall(r"^curl localhost:8053/api/hooks/claude-code .*? -d '(.*?)'$", DOCUMENTATION, re.M | re.S)
    told = [
        seen.event for seen in observe_hook(json.loads(event), Arrival(at=now(), stamped=False, execution_id=new_id()))
    ]
    assert "Fix the failing test" in [getattr(of, "prompt_text", None) for of in told]
    typed = re.sub(r"^> ", "", DOCUMENTATION, flags=re.M)  # how a shell asks for the rest of a command
    queries = re.findall(r"^ *(?:\$ )?curl\b[^\n]* localhost:8053/graphql\b[^\n]*? -d '(.*?)'", typed, re.M | re.S)
    assert len(queries) > 3
    schema = api.build_schema(Settings())._schema  # type: ignore[attr-defined]
    for query in queries:
        assert validate(schema, parse(json.loads(query)["query"]), [NoDeprecatedCustomRule]) == [], query


def test_the_messages_of_the_page_on_kafka_are_read_and_published_as_they_stand() -> None:
    page = (ROOT / "docs" / "kafka.md").read_text(encoding="utf-8")
    into, out, _ = re.findall(r"^```json\n(.*?)^```", page, re.M | re.S)
    message = Message(Partition("pattern-usage-events", 0), 0, now(), None, into.encode(), ())
    assert event_of_message(message).kind == "hook"
    assert PatternEvent.model_validate_json(out).subject == "summarise"


def documented_codes() -> set[str]:
    """The codes of the table that says what errors mean."""
    [table] = re.findall(r"^## What errors say$(.*?)^## ", DOCUMENTATION, re.M | re.S)
    return {code for row in re.findall(r"^\| (`.*?) \|", table, re.M) for code in re.findall(r"`([A-Z_]+)`", row)}


@pytest.mark.lengthy
def test_every_code_of_an_error_is_documented() -> None:
    written = re.compile(r'(?:\bcode(?:, message)? = |"code": |\b\d{3}, )"([A-Z][A-Z_]+)"')
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "app" / "loopgraph").rglob("*.py"))
    never_shown = {"USER_ERROR", "SERVICE_ERROR", "REFUSED"}
    assert documented_codes() | never_shown == set(written.findall(sources))


def codes_of(error: type[LoopgraphError]) -> set[str]:
    """The codes of a class of errors and of all below it."""
    own = {error.code} if hasattr(error, "code") else set[str]()
    return own.union(*map(codes_of, error.__subclasses__()))


@pytest.mark.lengthy
def test_every_code_of_an_error_has_an_entry_that_says_what_to_do() -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+) \|$", page, re.M)
    assert len(rows) == len(dict(rows))
    assert dict(rows).keys() == documented_codes()
    never_shown = {"USER_ERROR", "SERVICE_ERROR"}  # those of classes that others are of
    assert codes_of(LoopgraphError) - documented_codes() - {"REFUSED"} == never_shown  # MCP's tools have that one
