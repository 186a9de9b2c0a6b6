"""Every setting, in one frozen class. Read from the environment as ``LOOPGRAPH_<NAME>``."""

from __future__ import annotations

import difflib
import json
import os
import re
import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Engine(StrEnum):
    """The three engines behind one Bolt client."""

    EMBEDDED = "embedded"
    NEO4J = "neo4j"
    MEMGRAPH = "memgraph"


class CaptureContent(StrEnum):
    """What is kept of the content of traces: of what people and models said, and of what tools saw."""

    NONE = "none"
    REDACTED = "redacted"
    FULL = "full"


class Migrate(StrEnum):
    """Who brings the database of an older program up to date."""

    AUTO = "auto"
    MANUAL = "manual"


_LEAST_HEAP_KB = 32 * 1024


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


LogLevel = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)]

EMBEDDED_SCHEME = "embedded:"
BOLT_SCHEMES = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")


def _enough_heap(size: str) -> str:
    if int(size[:-1]) * {"k": 1, "m": 1024, "g": 1024**2}[size[-1].lower()] < _LEAST_HEAP_KB:
        raise ValueError("must be at least 32m: with less, the engine does not start")
    return size


def default_data_folder() -> Path:
    """The per-user data folder, by the convention of the platform (XDG on Linux)."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "loopgraph"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "loopgraph"


def default_cache_folder() -> Path:
    """The per-user cache folder, by the convention of the platform (XDG on Linux)."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "loopgraph"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "loopgraph"


class Settings(BaseSettings):
    """How one process of the service runs."""

    model_config = SettingsConfigDict(env_prefix="LOOPGRAPH_", frozen=True, extra="ignore")

    graph_url: str = Field(
        default_factory=lambda: f"{EMBEDDED_SCHEME}{default_data_folder() / 'graph'}",
        description="`embedded:PATH`, `bolt://HOST:PORT` or `neo4j://HOST:PORT` (routing), with `+s` or `+ssc` for TLS",
    )
    graph_user: str = Field(default="neo4j", description="user of a Bolt URL")
    graph_password: SecretStr = Field(default=SecretStr(""), description="password of a Bolt URL")
    graph_database: str | None = Field(
        default=None, description="database of a Bolt URL; the server's default if unset"
    )
    graph_engine: Engine | None = Field(
        default=None,
        description="`embedded`, `neo4j` or `memgraph`, where the engine is not recognised by its agent string",
    )
    graph_pool_size: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=64, description="Bolt connections of one process"
    )
    query_timeout_ms: Annotated[int, Field(ge=1)] = Field(default=30_000, description="longest time of one statement")
    embedded_heap: Annotated[str, Field(pattern=r"^\d+[kmgKMG]$"), AfterValidator(_enough_heap)] = Field(
        default="512m", description="heap of the embedded engine: a number and `k`, `m` or `g`"
    )
    embedded_java_options: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("-XX:+UseSerialGC",),
        description="options of the embedded engine's Java, with spaces between them; this collector needs 100 MB less than "
        "Java's own choice, and is faster at this size",
    )
    embedded_cache: Path | None = Field(
        default_factory=default_cache_folder,
        description="folder of what makes the embedded engine start in half the time: 50 MB that the service makes once, in the "
        "background; empty for none",
    )
    migrate: Migrate = Field(
        default=Migrate.AUTO,
        description="whether the service upgrades the database of an older one at start: `auto`, or `manual` to leave that to "
        "`loopgraph migrate` and refuse to start until then",
    )

    host: str = Field(default="127.0.0.1", description="address the service listens on")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(default=8053, description="port the service listens on")
    otlp_grpc_port: Annotated[int, Field(ge=1, le=65535)] | None = Field(
        default=None,
        description="port of OTLP over gRPC, usually 4317; needs the extra `loopgraph[grpc]`; off if unset",
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="more names that the service is reached by, separated by commas: `loopgraph.example.org`; `*` for any",
    )
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="pages elsewhere that may use it from a browser, separated by commas: `http://localhost:5173`",
    )
    allow_unauthenticated: bool = Field(
        default=False,
        description="whether it may be reached beyond loopback, though whoever reaches it may do everything",
    )
    log_level: LogLevel = Field(default="info", description="debug, info, warning or error")

    max_body_bytes: Annotated[int, Field(ge=1024)] = Field(
        default=4 * 1024 * 1024, description="largest body of a GraphQL request"
    )
    max_batch_bytes: Annotated[int, Field(ge=1024)] = Field(
        default=32 * 1024 * 1024,
        description="largest body of events (single ones, batches, hooks, OTLP), also once it is decompressed",
    )
    max_bodies_bytes: Annotated[int, Field(ge=1024)] = Field(
        default=128 * 1024 * 1024,
        description="most bytes of all bodies that are in work at once; beyond them large ones are answered 429",
    )
    client_timeout_ms: Annotated[int, Field(ge=100)] = Field(
        default=10_000,
        description="patience with a client that sends: the headers, the body (more of it while 64 KiB/s come), the first "
        "message of a WebSocket",
    )
    graphiql: bool = Field(default=True, description="whether browsers are shown GraphiQL at `/graphql`")
    introspection: bool = Field(default=True, description="whether GraphQL tells its schema")
    max_query_depth: Annotated[int, Field(ge=1)] = Field(
        default=15, description="deepest GraphQL selection; `edges` and `node` of a connection do not count"
    )
    max_query_aliases: Annotated[int, Field(ge=1)] = Field(
        default=50, description="most aliases in one GraphQL document"
    )
    max_query_tokens: Annotated[int, Field(ge=1)] = Field(
        default=5_000, description="most tokens in one GraphQL document; also most selections, its fragments spread"
    )
    max_query_nodes: Annotated[int, Field(ge=1)] = Field(
        default=250_000, description="most nodes that a GraphQL query may ask for, by its page sizes"
    )
    operation_timeout_ms: Annotated[int, Field(ge=1)] = Field(
        default=30_000, description="longest time of one GraphQL operation, and of one event of a subscription"
    )
    max_page_size: Annotated[int, Field(ge=1)] = Field(default=500, description="largest `first` of a connection")
    max_traversal_nodes: Annotated[int, Field(ge=1)] = Field(
        default=20_000, description="most nodes one traversal returns before it says `truncated`"
    )

    ingest_queue_events: Annotated[int, Field(ge=1)] = Field(
        default=50_000, description="most events that wait to be recorded; beyond them clients are answered 429"
    )
    ingest_queue_bytes: Annotated[int, Field(ge=1)] = Field(
        default=64 * 1024 * 1024, description="most bytes, roughly, of the events that wait"
    )
    ingest_batch_events: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=1_000, description="most events that share a transaction"
    )
    ingest_drain_ms: Annotated[int, Field(ge=0)] = Field(
        default=10_000, description="how long a stopping service goes on recording what waits"
    )
    dead_letter_folder: Path | None = Field(
        default=None, description="folder of the events that could not be recorded; `dead-letters` in the data folder"
    )

    prices_file: Path | None = Field(
        default=None, description='a TOML file of prices of your own; see "What it cost" for its form'
    )

    success_file: Path | None = Field(
        default=None, description='a TOML file of what success is; see "Whether it did well" for its form'
    )

    capture_content: CaptureContent = Field(
        default=CaptureContent.REDACTED,
        description="what is kept of what people, models and tools said: `none`, `redacted`, or `full`, secrets included",
    )
    redact_names: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="more names whose values are secrets, separated by commas: `badge_pin,salary`"
    )
    redact_patterns: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description='regular expressions of more secrets, as a JSON list: `["EMP-[0-9]{6}"]`'
    )
    redact_emails: bool = Field(default=False, description="whether addresses of e-mail are secrets")
    max_field_bytes: Annotated[int, Field(ge=1024, le=1024 * 1024)] = Field(
        default=64 * 1024,
        description="largest text, list or JSON value of an event; of a larger one the beginning is kept",
    )

    trace_timeout_minutes: Annotated[int, Field(ge=0, le=5_256_000)] = Field(
        default=1_440, description="silence after which a trace in progress is closed as `timeout`; 0 for never"
    )
    retention_days: Annotated[int, Field(ge=1, le=36_500)] | None = Field(
        default=None, description="age at which traces move into the archive; they stay for ever if unset"
    )
    retention_every_hours: Annotated[int, Field(ge=1, le=8_760)] = Field(
        default=24, description="how often traces of that age are looked for"
    )
    archive_folder: Path | None = Field(
        default=None, description="folder that traces are archived in; `archive` in the data folder"
    )

    watch: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="agent clients whose transcripts the service follows on this machine, separated by commas: `claude-code`; "
        "`all` for every one that it can read",
    )
    usage_attributes: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="names in the `context` of traces by whose values analytics tell executions apart, separated by commas; "
        "what is counted already is told apart by them after `loopgraph analytics rebuild`",
    )
    max_transcript_line_bytes: Annotated[int, Field(ge=64 * 1024, le=1024**3)] = Field(
        default=32 * 1024 * 1024,
        description="memory that a line of a transcript may take, about: what would take more is passed over and told of",
    )

    loop_poll_ms: Annotated[int, Field(ge=10)] = Field(
        default=500, description="how often waiting feedback runs are looked at again"
    )
    execution_timeout_minutes: Annotated[int, Field(ge=1, le=5_256_000)] = Field(
        default=60, description="time after which an execution of an experiment that has not ended counts as failed"
    )

    @field_validator("graph_url")
    @classmethod
    def _known_scheme(cls, value: str) -> str:
        if value.startswith(EMBEDDED_SCHEME) and len(value) > len(EMBEDDED_SCHEME):
            return value
        if value.partition("://")[0] in BOLT_SCHEMES and value.partition("://")[2]:
            return value
        schemes = ", ".join(f"{scheme}://HOST:PORT" for scheme in BOLT_SCHEMES)
        raise ValueError(f"{value!r} is not a graph URL; use embedded:PATH or one of {schemes}")

    @field_validator("port", mode="before")
    @classmethod
    def _no_link(cls, value: object) -> object:
        if isinstance(value, str) and "://" in value:
            raise ValueError(
                f"{value!r} is no port, but what Kubernetes tells of a Service named loopgraph; "
                "name that otherwise, or set enableServiceLinks: false"
            )
        return value

    @field_validator("embedded_java_options", mode="before")
    @classmethod
    def _options(cls, value: object) -> object:
        return tuple(value.split()) if isinstance(value, str) else value

    @field_validator("embedded_cache", mode="before")
    @classmethod
    def _folder(cls, value: object) -> object:
        return (Path(value).expanduser().absolute() if value else None) if isinstance(value, str) else value

    @field_validator("redact_names", "allowed_hosts", "allowed_origins", "usage_attributes", "watch", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value

    @field_validator("redact_patterns", mode="before")
    @classmethod
    def _patterns(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            patterns = json.loads(value or "[]")
        except json.JSONDecodeError:
            patterns = None
        if not isinstance(patterns, list):
            raise ValueError(f'{value!r} is no JSON list; write it like ["EMP-[0-9]{{6}}"], each backslash twice')
        return tuple(patterns)

    @property
    def embedded_folder(self) -> Path | None:
        """The folder of the embedded engine, or None for a Bolt URL."""
        if not self.graph_url.startswith(EMBEDDED_SCHEME):
            return None
        return Path(self.graph_url.removeprefix(EMBEDDED_SCHEME)).expanduser().absolute()

    @property
    def dead_letters(self) -> Path:
        """The folder of the events that could not be recorded."""
        return self.dead_letter_folder or default_data_folder() / "dead-letters"


_OTHERS = (
    *(
        "LOOPGRAPH_URL",
        "LOOPGRAPH_TOKEN",
        "LOOPGRAPH_HOOK_TIMEOUT",
        "LOOPGRAPH_HOOK_SPOOL",
        "LOOPGRAPH_HOOK_SPOOL_BYTES",
    ),
    *("LOOPGRAPH_HOOK_DEBUG", "LOOPGRAPH_RENDERED", "LOOPGRAPH_TELEMETRY"),
)
"""Variables that the clients and the agents' settings know."""
_FOREIGN = re.compile(r"LOOPGRAPH_(?:TEST_.*|(?:\w+_)?SERVICE_(?:HOST|PORT.*)|(?:\w+_)?PORT_\d+_.*)")
"""Those of the tests, and those that Kubernetes and Docker set for services named ``loopgraph…``."""


def unknown_settings(names: Iterable[str]) -> list[str]:
    """A sentence for each variable that has the name of a setting and is none, with the nearest name that is one.

    To be told, and no reason to refuse a start: not everything that begins with ``LOOPGRAPH_`` is said to the service.
    """
    prefix = "LOOPGRAPH_"
    known = [*_OTHERS, *(f"{prefix}{name.upper()}" for name in Settings.model_fields)]
    sentences = []
    for name in sorted(names):
        upper = name.upper()
        if not upper.startswith(prefix) or upper in known or _FOREIGN.fullmatch(upper):
            continue
        wanted = [candidate.removeprefix(prefix) for candidate in known]
        nearest = difflib.get_close_matches(upper.removeprefix(prefix), wanted, n=1, cutoff=0.7)
        hint = f"; did you mean {prefix}{nearest[0]}?" if nearest else ""
        sentences.append(f"{name} is not the name of a setting and changes nothing{hint}")
    return sentences
