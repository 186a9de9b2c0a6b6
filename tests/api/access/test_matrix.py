"""Each role at each root field and at each route, as the schema and the application have them.

What is new fails until it has a rule."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)

from loopgraph.api.access import Door
from loopgraph.api.graphql import permissions
from loopgraph.api.graphql.schema import build_schema
from loopgraph.contracts.access import ACTIONS, ANYBODY, LOCAL, NOBODY, Action, Role, allowed
from loopgraph.contracts.base import Principal
from loopgraph.effects.clock import new_id
from loopgraph.main import create_app
from loopgraph.settings import Settings
from support.access import Team
from support.quick import first_quick

A = Action
MAY: Final[dict[Role, str]] = {
    Role.VIEWER: "hpgr",
    Role.MEMBER: "hpgrtwacl",
    Role.REVIEWER: "hpgrtwaclv",
    Role.OPERATOR: "hpgrtwaclvf",
    Role.SERVICE: "hpgrtwa",
}
"""What each role may do, once more and independently: a letter for each action."""
LETTERS: Final = {
    "h": A.SEE_HEALTH, "p": A.SEE_PAGES, "g": A.USE_GRAPHQL, "r": A.READ, "t": A.TAKE_PART, "w": A.WRITE_EVENTS,
    "a": A.ANNOTATE, "c": A.CHANGE_LINEAGE, "l": A.RUN_LOOP, "v": A.REVIEW, "f": A.SEE_FIGURES,
}  # fmt: skip

ROUTES: Final[dict[Action, str]] = {
    A.SEE_HEALTH: "/livez /healthz /readyz",
    A.SEE_PAGES: "/ /console/{name:path} /graphql/assets/{name} /api/session /api/session/oidc /api/session/oidc/callback",
    A.USE_GRAPHQL: "/graphql /mcp",
    A.WRITE_EVENTS: """
        /api/traces/start /api/traces/routing /api/traces/hook /api/traces/endpoint /api/traces/complete /api/traces/schema
        /api/traces/batch /api/hooks/claude-code /api/hooks/codex /api/hooks/gemini /api/hooks/cursor /api/hooks/copilot
        /api/hooks/gemini-cli /api/hooks/copilot-cli /v1/traces /v1/logs /v1/metrics
    """,
    A.TAKE_PART: "/api/patterns/render",
    A.SEE_FIGURES: "/metrics",
    A.READ: """
        /api/pattern-analytics/stream /api/pattern-analytics/quality-metrics /api/pattern-analytics/success-rates
        /api/pattern-analytics/usage-stats /api/pattern-analytics/dashboard-summary
        /api/pattern-analytics/patterns/{pattern_id:path} /api/pattern-analytics/time-series /api/pattern-analytics/trends
        /api/pattern-analytics/compare /api/analytics/pattern/{pattern_id:path} /api/analytics/trends
        /api/lineage/{pattern_id:path} /api/export/tables /api/export/tables/{table} /api/export/series
        /api/export/lineage/{query} /api/openapi.json
    """,
}
"""What each route asks for. One that is not here fails the test that counts them."""

QUICK_ENDS: Final = {
    "feedbackRun": '(id: "no-run")',
    "traceUpdates": '(after: "no cursor")',
    "lineageEvents": '(after: "no cursor")',
    "patternMetrics": "(ids: [])",
    "dashboard": "(every: 0)",
}
"""Arguments with which a subscription ends at once for those who may have it."""


def fields(schema: GraphQLSchema) -> Iterator[tuple[str, str, GraphQLField, Action]]:
    """Every root field; a KeyError for one without a rule."""
    yield from permissions.rules(schema)


def literal(type_: Any) -> str:
    """A value that the type takes, as it stands in a document."""
    match type_:
        case GraphQLNonNull():
            return literal(type_.of_type)
        case GraphQLList():
            return f"[{literal(type_.of_type)}]"
        case GraphQLEnumType():
            return next(iter(type_.values))
        case GraphQLInputObjectType():
            needed = [(name, field) for name, field in type_.fields.items() if isinstance(field.type, GraphQLNonNull)]
            return "{" + ", ".join(f"{name}: {literal(field.type)}" for name, field in needed) + "}"
    scalars = {
        "Int": "1",
        "Long": "1",
        "Float": "1.0",
        "Boolean": "false",
        "DateTime": '"2026-01-01T00:00:00Z"',
        "JSON": "{}",
    }
    return scalars.get(type_.name, json.dumps(f"none-{new_id()}"))


def document(root: str, name: str, field: GraphQLField) -> str:
    """The shortest operation that asks for a root field."""
    needed = [(each, one) for each, one in field.args.items() if isinstance(one.type, GraphQLNonNull)]
    arguments = ", ".join(f"{each}: {literal(one.type)}" for each, one in needed)
    given = QUICK_ENDS.get(name, "") if root == "Subscription" else f"({arguments})" if arguments else ""
    below = "" if is_leaf_type(get_named_type(field.type)) else " { __typename }"
    return f"{root.lower()} {{ {name}{given}{below} }}"


def test_the_table_of_roles_is_what_is_meant() -> None:
    assert {role: {LETTERS[letter] for letter in letters} for role, letters in MAY.items()} == dict(ACTIONS)
    assert set(LETTERS.values()) == set(Action)


@pytest.mark.lengthy
def test_every_route_and_every_root_field_has_a_rule() -> None:
    routes = create_app(Settings()).routes
    wanted = {path: action for action, paths in ROUTES.items() for path in paths.split()}
    found = {route.path: route.action for route in routes}  # type: ignore[attr-defined]
    assert found == wanted
    schema = build_schema(Settings())._schema
    named = {(root, name) for root, name, _, _ in fields(schema)}
    in_tables = [*permissions.QUERIES, *permissions.MUTATIONS, *permissions.SUBSCRIPTIONS]
    assert len(named) == len(in_tables)  # no rule is left of what has gone
    cells = (len(named) + len(routes)) * (len(Role) + 1)
    print(f"\naccess: {len(named)} root fields and {len(routes)} routes, {cells} cells with those who show no token")


@pytest.mark.lengthy
def test_a_field_without_a_rule_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    rest = {name: action for name, action in permissions.QUERIES.items() if name != "trace"}
    monkeypatch.setattr(permissions, "QUERIES", rest)
    with pytest.raises(KeyError, match="trace"):
        build_schema(Settings())


def test_a_token_is_kept_to_its_scopes() -> None:
    kept = Principal(
        subject="ci", roles=("member",), scopes=frozenset({Action.WRITE_EVENTS.value, Action.REVIEW.value})
    )
    assert {action for action in Action if allowed(kept, action)} == {Action.WRITE_EVENTS, *ANYBODY}
    assert {action for action in Action if allowed(NOBODY, action)} == ANYBODY
    assert all(allowed(LOCAL, action) for action in Action)
    assert not allowed(Principal(subject="x", roles=("no such role",)), Action.READ)


def _verdict(answer: httpx.Response) -> str:
    """Whether an answer says that who asks may not, or is not known; else nothing."""
    text = answer.text
    for code in ("UNAUTHENTICATED", "FORBIDDEN"):
        if f'"{code}"' in text:
            return code
    return "FORBIDDEN" if '"__typename":"Forbidden"' in text else ""


@pytest.mark.lengthy
@pytest.mark.parametrize("role", first_quick([Role.VIEWER, *(role for role in Role if role is not Role.VIEWER)]))
async def test_a_role_at_root_fields(office: Team, role: Role) -> None:
    """Each is asked for by the shortest operation, with ids of nothing."""
    schema, cells = build_schema(Settings())._schema, 0
    async with office.caller(f"{role}-{new_id()}", role) as service:
        for root, name, field, action in fields(schema):
            events = {"accept": "text/event-stream"} if root == "Subscription" else {}
            body = {"query": document(root, name, field)}
            answer = await service.http.post("/graphql", json=body, headers=events)
            assert answer.status_code == 200, (role, name, answer.text)
            expected = "" if action in ACTIONS[role] else "FORBIDDEN"
            assert _verdict(answer) == expected, (role, root, name, answer.text)
            assert not expected or f"may not {action}" in answer.text or root == "Mutation", answer.text
            assert '"GRAPHQL_VALIDATION_FAILED"' not in answer.text, (name, answer.text)
            cells += 1
    print(f"\naccess: {cells} root fields asked as {role}")
    assert cells == len([*fields(schema)])


@pytest.mark.lengthy
async def test_roles_at_routes(office: Team) -> None:
    routes, cells = create_app(Settings()).routes, 0
    for role in (*Role, None):
        secret = (await office.token(f"{role}-{new_id()}", role))[1] if role else ""
        async with office.shown(secret) as service:
            for route in routes:
                if not isinstance(route, Door):
                    continue
                path = route.path.replace("{name:path}", "app.js").replace("{pattern_id:path}", "none")
                path = path.replace("{name}", "start.js").replace("{table}", "traces").replace("{query}", "none")
                [method] = [each for each in route.methods or () if each != "HEAD"][:1]
                if path.endswith("/stream"):
                    path += "?every=0"  # it ends at once
                answer = await service.http.request(method, path, headers={"origin": service.url})
                if role is None:
                    expected = 0 if route.action in ANYBODY else 401
                else:
                    expected = 0 if route.action in ACTIONS[role] else 403
                if expected:
                    assert answer.status_code == expected, (role, path, answer.text)
                    assert answer.headers.get("www-authenticate", "").startswith("Bearer") == (expected == 401)
                    assert expected == 401 or f"may not {route.action}" in answer.text
                else:
                    assert answer.status_code != 401, (role, path, answer.text)
                    assert answer.status_code != 403 or "everybody" in answer.text, (role, path, answer.text)
                cells += 1
    print(f"\naccess: {cells} cells of roles and routes asked")
