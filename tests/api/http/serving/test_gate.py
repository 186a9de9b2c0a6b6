"""Who may knock: raw requests through a real socket, as browsers send them for pages of their own and of others."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest

from conftest import settings_for
from loopgraph.api.http.serving.gate import Gate, check_names, is_loopback, name_of, origin_of
from loopgraph.effects.clock import new_id
from loopgraph.errors import SetupError
from loopgraph.main import create_app
from loopgraph.settings import Settings
from support.engines import EngineUnderTest
from support.service import Service, serving
from support.waiting import PATIENCE_S

FRIEND = "https://console.example:8443"
SIMPLE = [
    None,
    "text/plain",
    "text/plain; x=application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
]


@pytest.fixture(scope="module")
async def service(embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    """A service that has another name, too, and a page elsewhere that may use it."""
    changes = {"allowed_hosts": ("Loopgraph.example",), "allowed_origins": ("https://Console.Example:8443/",)}
    async with serving(settings_for(embedded_engine).model_copy(update=changes)) as service:
        yield service


async def raw(service: Service, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the answer to bytes."""
    host, port = service.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(request)
        async with asyncio.timeout(PATIENCE_S):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", 0)))
    finally:
        writer.close()
    return int(head[0].split()[1]), headers, body


def lines(start: str, headers: list[tuple[str, str | None]], body: bytes = b"") -> bytes:
    head = [
        start,
        *(f"{name}: {value}" for name, value in headers if value is not None),
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


def own(service: Service) -> str:
    return service.url.removeprefix("http://")


async def graphql(service: Service, document: str, **headers: str | None) -> tuple[int, Any]:
    """The answer to a document of a page, by ``Host`` and ``Origin``."""
    given = [("Host", own(service)), ("Content-Type", "application/json")]
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    replaced = {name.lower() for name, _ in named}
    sent = [*(pair for pair in given if pair[0].lower() not in replaced), *named]
    status, _, body = await raw(
        service, lines("POST /graphql HTTP/1.1", sent, json.dumps({"query": document}).encode())
    )
    return status, json.loads(body)


async def started(service: Service, trace: str) -> bool:
    return (await service.query("query($id: ID!) { trace(correlationId: $id) { source } }", id=trace))[
        "trace"
    ] is not None


def start(trace: str) -> str:
    return f'mutation {{ startTrace(input: {{ correlationId: "{trace}" }}) {{ __typename }} }}'


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:99",
        "localhost.",
        "127.0.0.1",
        "127.9.9.9:1",
        "[::1]",
        "[0:0::1]:8053",
        "loopgraph.EXAMPLE:80",
    ],
)
async def test_own_names(service: Service, host: str) -> None:
    assert (await graphql(service, "{ __typename }", Host=host))[0] == 200


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 421),
        ("evil.example:8053", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("evil.localhost", 421),
        ("127.1", 421),
        ("10.0.0.1", 421),
        ("0.0.0.0", 421),  # noqa: S104
        ("[::2]", 421),
        ("[::ffff:10.0.0.1]", 421),
        ("localhost@evil.example", 400),
        ("evil.example:x@localhost", 400),
        ("localhost:80:80", 400),
        ("localhost, evil.example", 400),
        ("localhost/", 400),
        ("[::1", 400),
        ("::1", 400),
        ("[localhost]", 400),
        ("localhost..", 421),
        ("löcalhost", 400),
        ("", 400),
    ],
)
async def test_foreign_names_read_and_write_nothing(service: Service, host: str, status: int) -> None:
    trace = new_id()
    answer = await graphql(service, start(trace), Host=host, Origin=f"http://{host}")
    assert answer[0] == status
    assert answer[1]["error"]["code"] == ("FOREIGN_HOST" if status == 421 else "BAD_HOST")
    assert not await started(service, trace)


async def test_a_request_has_one_host(service: Service) -> None:
    none, _, _ = await raw(service, lines("GET /healthz HTTP/1.1", []))
    two, _, _ = await raw(service, lines("GET /healthz HTTP/1.1", [("Host", own(service)), ("Host", "evil.example")]))
    old, _, _ = await raw(service, lines("GET /healthz HTTP/1.0", []))
    assert (none, two, old) == (400, 400, 400)


async def test_the_target_in_absolute_form_does_not_stand_in_for_the_host(service: Service) -> None:
    request = lines(f"GET {service.url}/healthz HTTP/1.1", [("Host", "evil.example")])
    assert (await raw(service, request))[0] == 421


@pytest.mark.parametrize(
    "path",
    ["/healthz", "/readyz", "/graphql", "/v1/traces", "/api/traces/start", "/nothing", "/graphql/assets/start.js"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_every_path_has_the_gate(service: Service, path: str, method: str) -> None:
    assert (await raw(service, lines(f"{method} {path} HTTP/1.1", [("Host", "evil.example")])))[0] == 421


@pytest.mark.lengthy
@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "https://evil.example",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        "http://localhost:5173",
        "null",
        "",
        "file://",
        "http://console.example:8443",
        "https://console.example",
        "https://console.example:8443.evil.example",
        "https://console.example:8443@evil.example",
    ],
)
async def test_foreign_pages_read_and_write_nothing(service: Service, origin: str) -> None:
    trace = new_id()
    status, answer = await graphql(service, start(trace), Origin=origin)
    assert (status, answer["error"]["code"]) == (403, "FOREIGN_ORIGIN")
    assert not await started(service, trace)


@pytest.mark.parametrize("kind", SIMPLE)
@pytest.mark.parametrize(
    "path",
    [
        "/api/hooks/claude-code",
        "/api/traces/start",
        "/api/traces/batch",
        "/v1/traces",
        "/v1/logs",
        "/v1/metrics",
        "/graphql",
    ],
)
async def test_no_page_writes_by_a_request_that_needs_no_preflight(
    service: Service, path: str, kind: str | None
) -> None:
    """Neither with its origin nor where a browser leaves it out."""
    for origin, status in (("https://evil.example", 403), (None, 415)):
        headers = [("Host", own(service)), ("Origin", origin), ("Content-Type", kind)]
        body = b'{"session_id": "s", "hook_event_name": "UserPromptSubmit", "prompt": "p", "correlation_id": "c"}'
        assert (await raw(service, lines(f"POST {path} HTTP/1.1", headers, body)))[0] == status


@pytest.mark.lengthy
async def test_the_own_page_and_programs_work(service: Service) -> None:
    for origin in (None, service.url, FRIEND):
        trace = new_id()
        assert (await graphql(service, start(trace), Origin=origin))[0] == 200
        assert await started(service, trace)
    # A proxy that ends TLS makes the page https; the port is then the scheme's.
    assert (await graphql(service, "{ __typename }", Host="loopgraph.example", Origin="https://loopgraph.example"))[
        0
    ] == 200
    assert (await graphql(service, "{ __typename }", Host="loopgraph.example", Origin="https://loopgraph.example:444"))[
        0
    ] == 403


async def test_two_origins_are_none(service: Service) -> None:
    headers = [("Host", own(service)), ("Origin", service.url), ("Origin", "http://evil.example")]
    assert (await raw(service, lines("GET /healthz HTTP/1.1", headers)))[0] == 403


@pytest.mark.parametrize(
    ("site", "mode", "status"),
    [
        ("cross-site", "no-cors", 403),
        ("same-site", "no-cors", 403),
        ("cross-site", "navigate", 200),
        ("same-origin", "no-cors", 200),
        ("none", "navigate", 200),
    ],
)
async def test_what_pages_elsewhere_embed_is_not_answered(service: Service, site: str, mode: str, status: int) -> None:
    headers = [("Host", own(service)), ("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", mode)]
    request = lines("GET /graphql?query=%7B__typename%7D HTTP/1.1", headers)
    assert (await raw(service, request))[0] == status


class TestPagesThatAreAllowed:
    async def preflight(self, service: Service, origin: str) -> tuple[int, dict[str, str]]:
        headers = [
            ("Host", own(service)),
            ("Origin", origin),
            ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "content-type,x-correlation-id"),
        ]
        status, answered, _ = await raw(service, lines("OPTIONS /graphql HTTP/1.1", headers))
        return status, answered

    async def test_preflight(self, service: Service) -> None:
        status, headers = await self.preflight(service, FRIEND)
        assert (status, headers["access-control-allow-origin"]) == (200, FRIEND)
        assert "content-type" in headers["access-control-allow-headers"]
        assert "POST" in headers["access-control-allow-methods"]
        assert "access-control-allow-credentials" not in headers
        status, headers = await self.preflight(service, "https://evil.example")
        assert (status, "access-control-allow-origin" in headers) == (403, False)

    async def test_answers_can_be_read_and_errors_too(self, service: Service) -> None:
        for content_type, status in (("application/json", 200), ("text/plain", 415)):
            headers = [("Host", own(service)), ("Origin", FRIEND), ("Content-Type", content_type)]
            request = lines("POST /graphql HTTP/1.1", headers, b'{"query": "{ __typename }"}')
            answered, sent, _ = await raw(service, request)
            assert (answered, sent["access-control-allow-origin"], sent["vary"]) == (status, FRIEND, "Origin")


async def handshake(service: Service, *headers: tuple[str, str | None]) -> int:
    sent = [
        *headers,
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", base64.b64encode(os.urandom(16)).decode()),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Protocol", "graphql-transport-ws"),
    ]
    head = "\r\n".join(
        ["GET /graphql HTTP/1.1", *(f"{name}: {value}" for name, value in sent if value is not None), "", ""]
    )
    return (await raw(service, head.encode()))[0]


async def test_websockets(service: Service) -> None:
    host = ("Host", own(service))
    for origin in (None, service.url, FRIEND):
        assert await handshake(service, host, ("Origin", origin)) == 101
    for origin in ("http://evil.example", "null", "http://localhost:5173"):
        assert await handshake(service, host, ("Origin", origin)) == 403
        # What a browser says of the site does not make up for it.
        assert await handshake(service, host, ("Origin", origin), ("Sec-Fetch-Site", "same-origin")) == 403
    evil = "evil.example"
    assert await handshake(service, ("Host", evil), ("Origin", f"http://{evil}")) == 403
    assert await handshake(service, ("Host", evil)) == 403


@pytest.mark.lengthy
@pytest.mark.parametrize("address", ["10.0.0.7", "::2", "192.168.1.5"])
async def test_another_server_that_listens_beyond_loopback(address: str) -> None:
    """``uvicorn loopgraph.main:create_app --factory --host 0.0.0.0``, where only the settings say who may come."""

    async def ask(settings: Settings, server: tuple[str | None, int] | None) -> int:
        sent: list[Any] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            raise AssertionError("nothing is read")

        scope = {"type": "http", "server": server, "headers": [(b"host", b"localhost")]}
        await Gate(app, settings)(scope, receive, send)
        return int(sent[0]["status"])

    assert await ask(Settings(), (address, 8053)) == 403
    assert await ask(Settings(allow_unauthenticated=True), (address, 8053)) == 200
    for server in (("127.0.0.1", 8053), ("::1", 8053), ("/run/loopgraph.sock", 0), (None, 0), None):
        assert await ask(Settings(), server) == 200  # type: ignore[arg-type]


@pytest.mark.lengthy
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "machine.example", ""])  # noqa: S104
def test_listening_beyond_loopback_is_refused_at_the_start(host: str) -> None:
    with pytest.raises(SetupError, match="LOOPGRAPH_ALLOW_UNAUTHENTICATED=true"):
        create_app(Settings(host=host))
    create_app(Settings(host=host, allow_unauthenticated=True))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "::1", "LOCALHOST"])
def test_listening_on_loopback_is_fine(host: str) -> None:
    check_names(Settings(host=host))


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"allowed_hosts": ("a b",)}, "LOOPGRAPH_ALLOWED_HOSTS: 'a b'"),
        ({"allowed_hosts": ("a.example:80",)}, "leave its port away"),
        ({"allowed_origins": ("a.example",)}, "LOOPGRAPH_ALLOWED_ORIGINS: 'a.example'"),
        ({"allowed_origins": ("*",)}, "is no origin"),
        ({"allowed_origins": ("https://a.example/path",)}, "is no origin"),
    ],
)
def test_settings_that_cannot_be_are_told_at_the_start(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(SetupError, match=problem):
        create_app(Settings(**settings))


def test_any_name_where_something_else_looks_at_it() -> None:
    assert Settings(allowed_hosts="a.example, *").allowed_hosts == ("a.example", "*")  # type: ignore[arg-type]


def test_hosts_and_origins() -> None:
    assert name_of("EXAMPLE.org.:0080") == ("example.org", "80")
    assert name_of("[0:0:0:0:0:0:0:1]") == ("::1", "")
    assert origin_of("HTTPS://Example.org") == ("https", "example.org", "443")
    assert origin_of("null") is None
    assert is_loopback("::ffff:127.0.0.1")
    assert not is_loopback("127.0.0.1.")
