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


class LogFormat(StrEnum):
    """Who reads the log."""

    TEXT = "text"
    JSON = "json"


class Audited(StrEnum):
    """What else than changes has events in the audit trail."""

    EXECUTIONS = "executions"
    TRAVERSALS = "traversals"


_LEAST_HEAP_KB = 32 * 1024


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


LogLevel = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)]

Topic = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,240}$")]
"""The name of a topic, with room for ``.dead-letters`` behind it."""

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


def _pairs(text: SecretStr) -> list[tuple[str, str]]:
    parts = filter(None, map(str.strip, text.get_secret_value().split(",")))
    return [(name, value) for name, _, value in (part.partition("=") for part in parts)]


class Embedding(StrEnum):
    """What compares the prompts of learned patterns."""

    OFFLINE = "offline"
    ENDPOINT = "endpoint"
    LETTERS = "letters"


class Access(StrEnum):
    """How it is known who asks."""

    OPEN = "open"
    TOKENS = "tokens"


class KafkaSecurity(StrEnum):
    """How a broker of Kafka is spoken to."""

    PLAINTEXT = "plaintext"
    SSL = "ssl"
    SASL_PLAINTEXT = "sasl_plaintext"
    SASL_SSL = "sasl_ssl"


class SaslMechanism(StrEnum):
    """How a broker is shown the user's password."""

    PLAIN = "plain"
    SCRAM_SHA_256 = "scram-sha-256"
    SCRAM_SHA_512 = "scram-sha-512"


class KafkaStart(StrEnum):
    """Where a group begins that has read nothing of a topic."""

    EARLIEST = "earliest"
    LATEST = "latest"


class Rollback(StrEnum):
    """What follows where an applied version got worse than in its own proof."""

    APPLY = "apply"
    REVIEW = "review"
    OFF = "off"


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
        description="port of OTLP over gRPC, usually 4317; needs the extra `grpc`; off if unset",
    )
    root_path: str = Field(
        default="",
        pattern=r"^(/[A-Za-z0-9._~-]+)*$",
        description="path below which a proxy shows the service, such as `/loopgraph`; whether it takes that off or leaves it on",
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="more names that the service is reached by, separated by commas: `loopgraph.example.org`; `*` for any",
    )
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="pages elsewhere that may use it from a browser, separated by commas: `http://localhost:5173`",
    )
    access: Access = Field(
        default=Access.OPEN,
        description="how it is known who asks: `open`, whoever reaches the service may do everything, or `tokens`, each request "
        "shows one that `loopgraph tokens create` made, or a JWT of LOOPGRAPH_OIDC_ISSUER",
    )
    allow_unauthenticated: bool = Field(
        default=False,
        description="whether it may be reached beyond loopback without tokens, though whoever reaches it may do everything",
    )
    public_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s\"'<>;,?#]+)?$",
        description="where browsers find the service, if a proxy stands before it: `https://loopgraph.example.org`; its name is "
        "then one of those that the service is reached by",
    )
    session_hours: Annotated[int, Field(ge=1, le=720)] = Field(
        default=12, description="how long a sign-in to the console lasts, unless its token ends before"
    )
    oidc_issuer: str = Field(
        default="",
        pattern=r"^(https?://[^\s\"'<>;,?#]+)?$",
        description="an OpenID Connect provider whose JWTs are taken as tokens are: `https://id.example.org`; needs the extra "
        "`oidc`; off if unset",
    )
    oidc_audiences: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="whom its JWTs must be for (`aud`), one of these, separated by commas"
    )
    oidc_client_id: str = Field(
        default="", description="what the console is called there, to sign in by it in a browser; off if unset"
    )
    oidc_client_secret: SecretStr = Field(
        default=SecretStr(""), description="the secret of that client, where the provider gave it one"
    )
    oidc_scopes: str = Field(
        default="openid profile email", description="what the console asks the provider for, with spaces between"
    )
    oidc_algorithms: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("RS256", "PS256", "ES256", "ES384", "EdDSA"),
        description="how its JWTs may be signed, separated by commas: RS, PS and ES with 256, 384 or 512, and EdDSA",
    )
    oidc_name_claim: str = Field(
        default="sub",
        min_length=1,
        description="the claim that names who asks, as tokens do; of one that people can choose for themselves, others' work is "
        "seen: `email` counts where `email_verified` is true",
    )
    oidc_groups_claim: str = Field(
        default="groups",
        min_length=1,
        description="the claim that lists groups; dots lead into objects: `realm_access.roles`",
    )
    oidc_roles: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="what those of a group are, separated by commas: `sre=operator,engineers=member`; `*=viewer` is everybody; "
        "who is nothing may do nothing",
    )
    oidc_projects: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="the projects that are shared with those of a group, separated by commas: `shop-team=shop,*=common`",
    )
    rate_limit: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        default=None,
        description="most requests a minute of one principal, or of one address where nobody is told apart, without those that "
        "bring events; a minute's worth may come at once. For each process; no limit if unset",
    )
    rate_limit_events: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        default=None, description="the same for requests that bring events, each one batch or more"
    )
    rate_limit_failures: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        default=60,
        description="most tokens a minute that are none, from one address; then its unknown tokens are not looked at for a while",
    )
    log: LogFormat = Field(
        default=LogFormat.TEXT, description="form of the log: `text` for people, `json` for machines, one object a line"
    )
    log_level: LogLevel = Field(default="info", description="debug, info, warning or error")
    log_requests: bool = Field(
        default=True, description="whether each request is logged when it is answered, at the level `info`"
    )

    otel_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s\"'<>;,]+)?$",
        description="a receiver of OTLP over HTTP that is told of the service itself, up to where `/v1/traces` and `/v1/metrics` "
        "follow: `http://localhost:4318`; needs the extra `otel`; off if unset",
    )
    otel_headers: SecretStr = Field(
        default=SecretStr(""), description="headers that it is sent with: `authorization=Bearer TOKEN,x-tenant=NAME`"
    )
    otel_service_name: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        default="loopgraph", description="what the service is called there"
    )
    otel_trace_share: Annotated[float, Field(ge=0.0, le=1.0)] = Field(
        default=1.0,
        description="share of the requests that are followed there, of those that bring no trace; others go by their trace",
    )
    otel_metrics_seconds: Annotated[int, Field(ge=0, le=3_600)] = Field(
        default=60, description="how often its metrics are sent there; 0 for never"
    )

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
    console: bool = Field(default=True, description="whether browsers are shown the console at `/`")
    console_api: str = Field(
        default="",
        pattern=r"^(https?://[^\s\"'<>;,]+)?$",
        description="where the console finds GraphQL, if that is not beside it; that service must allow the origin of the page",
    )
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

    max_exports: Annotated[int, Field(ge=1, le=1_000)] = Field(
        default=4, description="most exports that are being made at once; beyond them clients are answered 429"
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
        default=None,
        description='a TOML file of what success is; see "Whether it did well" for its form; '
        "the same for all processes on one graph",
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

    rate_words: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("/rate", "lg rate"),
        description="what a prompt begins with that is a rating of the work before and not for the model, separated by commas; "
        "empty for none. Where agents run, the hook reads it, too",
    )
    watch: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="agent clients whose transcripts the service follows on this machine, separated by commas: `claude-code`; "
        "`all` for every one that it can read",
    )
    audit: Annotated[tuple[Audited, ...], NoDecode] = Field(
        default=(),
        description="what else than changes has events in the audit trail, separated by commas: `executions` of versions, and "
        "who asked for which `traversals` of lineages; they are many",
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

    live_poll_ms: Annotated[int, Field(ge=10, le=10_000)] = Field(
        default=250,
        description="how often it is looked what other processes have committed, as long as somebody follows",
    )
    live_keep_minutes: Annotated[int, Field(ge=1, le=10_080)] = Field(
        default=60,
        description="how long it is kept what processes told of their commits: who comes back later has to read anew",
    )

    loop_poll_ms: Annotated[int, Field(ge=10)] = Field(
        default=500, description="how often waiting feedback runs are looked at again"
    )
    loop_workers: Annotated[int, Field(ge=0, le=100)] = Field(
        default=10,
        description="feedback runs that this process advances at once; 0 leaves all of them to other processes on the graph",
    )
    execution_timeout_minutes: Annotated[int, Field(ge=1, le=5_256_000)] = Field(
        default=60, description="time after which an execution of an experiment that has not ended counts as failed"
    )
    rollback: Rollback = Field(
        default=Rollback.APPLY,
        description="what follows where an applied version got worse than in its own proof: `apply` rolls it back, `review` "
        "leaves that to a person, `off` watches none",
    )
    rollback_margin: Annotated[float, Field(ge=0.0, le=10.0)] = Field(
        default=0.1, description="by what share an applied version may take longer than in its proof"
    )
    rollback_rate_margin: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(
        default=0.05, description="by how much its success rate or quality score may be lower than in its proof"
    )
    rollback_level: Annotated[float, Field(ge=1e-9, lt=0.5)] = Field(
        default=0.05,
        description="probability of finding a regression of an applied version that is none, over all looks",
    )
    rollback_units: Annotated[int, Field(ge=10, le=100_000)] = Field(
        default=1_000, description="after so many units an applied version is not watched any more"
    )
    rollback_days: Annotated[int, Field(ge=1, le=3_650)] = Field(
        default=30, description="after so many days it is not either"
    )

    learning: bool = Field(
        default=True,
        description="whether this process learns from traces that have ended, and from those that were there before",
    )
    learning_merge_at: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        default=0.85,
        description="score of the match from which on a prompt of the same action is one more of a learned pattern",
    )

    learning_prune_below: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(
        default=0.3,
        description="success rate below which, by the upper end of its interval at 95 %, a learned pattern is not matched",
    )

    match_weights: str = Field(
        default="semantic=0.4,keyword=0.2,intent=0.2,context=0.1,historical=0.1",
        description="what each part of the score of a match weighs; `loopgraph learning weights` says which fit what came of "
        "work",
    )

    routing_at: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        default=0.85,
        description="score of a match from which on the agent that is recommended is the one of the learned pattern; else it is "
        "the one with the best historical record",
    )
    routing_explore_share: Annotated[float, Field(ge=0.0, le=0.5)] = Field(
        default=0.0,
        description="share of sessions for which any agent that is known is recommended, by chance: what lets other policies be "
        "estimated",
    )

    generators: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("performance", "reliability", "quality", "transfer"),
        description="what proposes improvements, with commas or spaces between: generators that are built in, and those of "
        "installed packages",
    )
    generator_timeout_ms: Annotated[int, Field(ge=100, le=3_600_000)] = Field(
        default=60_000, description="how long a generator is waited for; a run goes on without one that takes longer"
    )

    generator_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s\"'<>;,]+)?$",
        description="an OpenAI-compatible API whose model writes new texts, up to where `/chat/completions` follows: "
        "`http://localhost:11434/v1`; off if unset",
    )
    generator_model: str = Field(default="", description="the model that is asked there")
    generator_key: SecretStr = Field(
        default=SecretStr(""), description="the key of that API; sent by https, or to loopback"
    )
    generator_auto_apply: bool = Field(
        default=False,
        description="whether what that model wrote may be applied without a reviewer, once an experiment has shown it to be "
        "better",
    )

    replay_at: Annotated[float, Field(gt=0.0, le=1.0)] | None = Field(
        default=None,
        description="score of a match from which on Claude Code is handed the plan of a learned pattern with its prompt, such as "
        "0.85; never if unset",
    )
    replay_withheld_share: Annotated[float, Field(ge=0.0, le=0.9)] = Field(
        default=0.2,
        description="share of sessions that are given no plan though one fits, by chance: what tells whether plans help",
    )

    embedding: Embedding = Field(
        default=Embedding.OFFLINE,
        description="what compares prompts with those of learned patterns: `offline`, the model that comes with Loopgraph, "
        "`endpoint`, that of LOOPGRAPH_EMBEDDING_URL, or `letters`, without a model and without meaning",
    )
    embedding_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s\"'<>;,]+)?$",
        description="an OpenAI-compatible API of embeddings, up to where `/embeddings` follows: `http://localhost:11434/v1`; "
        "prompts are sent to it, if LOOPGRAPH_EMBEDDING is `endpoint`",
    )
    embedding_model: str = Field(
        default="", pattern=r"^[^@|\s]{0,120}$", description="the model that is asked there: `text-embedding-3-small`"
    )
    embedding_key: SecretStr = Field(
        default=SecretStr(""), description="the key of that API; sent by https, or to loopback"
    )
    embedding_version: str = Field(
        default="1",
        pattern=r"^[^|\s]{1,60}$",
        description="a version of that model, which the API does not tell: with another one, all prompts are embedded anew",
    )
    embedding_timeout_ms: Annotated[int, Field(ge=50, le=600_000)] = Field(
        default=5_000, description="how long a request to that API may take; then prompts are compared by their letters"
    )

    kafka_brokers: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="brokers of Kafka, separated by commas: `kafka-1:9092,kafka-2:9092`; needs the extra `kafka`; off if unset",
    )
    kafka_consume: Annotated[tuple[Topic, ...], NoDecode] = Field(
        default=(),
        description="topics whose messages are recorded as events, separated by commas: `pattern-usage-events`; none if unset",
    )
    kafka_group: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        default="loopgraph", description="consumer group of all processes that share these topics"
    )
    kafka_start: Annotated[KafkaStart, BeforeValidator(_lower)] = Field(
        default=KafkaStart.EARLIEST,
        description="where a group begins that has read nothing of a topic: `earliest` or `latest`",
    )
    kafka_dead_letters: Topic | None = Field(
        default=None,
        description="topic of the messages that could not be recorded; if unset, each topic with `.dead-letters` behind it",
    )
    kafka_principal: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        default="kafka",
        description="whose the traces are that come by Kafka, where requests show tokens: a service of this name",
    )
    kafka_produce: Topic | None = Field(
        default=None,
        description="topic that events of the lineage and uses of patterns are published in: `pattern.events`; off if unset",
    )
    kafka_security: Annotated[KafkaSecurity, BeforeValidator(_lower)] = Field(
        default=KafkaSecurity.PLAINTEXT, description="`plaintext`, `ssl`, `sasl_plaintext` or `sasl_ssl`"
    )
    kafka_sasl_mechanism: Annotated[SaslMechanism, BeforeValidator(_lower)] = Field(
        default=SaslMechanism.SCRAM_SHA_512, description="`plain`, `scram-sha-256` or `scram-sha-512`"
    )
    kafka_user: str = Field(default="", description="user of SASL")
    kafka_password: SecretStr = Field(default=SecretStr(""), description="its password")
    kafka_password_file: Path | None = Field(default=None, description="a file with that password, instead")
    kafka_ca_file: Path | None = Field(
        default=None, description="certificates of the authorities that brokers are trusted by; the system's if unset"
    )
    kafka_cert_file: Path | None = Field(default=None, description="a certificate of the client's own, for mutual TLS")
    kafka_key_file: Path | None = Field(default=None, description="the key of that certificate")

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

    @field_validator(
        "redact_names",
        "allowed_hosts",
        "allowed_origins",
        "audit",
        "usage_attributes",
        "watch",
        "rate_words",
        "kafka_brokers",
        "kafka_consume",
        "oidc_audiences",
        "oidc_algorithms",
        "oidc_roles",
        "oidc_projects",
        mode="before",
    )
    @classmethod
    def _names(cls, value: object) -> object:
        return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value

    @field_validator("generators", mode="before")
    @classmethod
    def _generators(cls, value: object) -> object:
        return tuple(re.findall(r"[^\s,]+", value)) if isinstance(value, str) else value

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

    @field_validator("match_weights")
    @classmethod
    def _weights(cls, value: str) -> str:
        from loopgraph.contracts.learning.matching import weights_of  # only where somebody sets them

        return str(weights_of(value))

    @field_validator("otel_headers")
    @classmethod
    def _headers(cls, value: SecretStr) -> SecretStr:
        if any(not (name.strip() and text.strip()) for name, text in _pairs(value)):
            raise ValueError("write it like authorization=Bearer TOKEN,x-tenant=NAME")
        return value

    @property
    def otel_header_values(self) -> dict[str, str]:
        """The headers that telemetry is sent with."""
        return {name.strip().lower(): text.strip() for name, text in _pairs(self.otel_headers)}

    @property
    def embedded_folder(self) -> Path | None:
        """The folder of the embedded engine, or None for a Bolt URL."""
        if not self.graph_url.startswith(EMBEDDED_SCHEME):
            return None
        return Path(self.graph_url.removeprefix(EMBEDDED_SCHEME)).expanduser().absolute()

    def dead_letters_of(self, topic: str) -> str:
        """The topic of the messages of a topic that could not be recorded."""
        return self.kafka_dead_letters or f"{topic}.dead-letters"

    @property
    def dead_letters(self) -> Path:
        """The folder of the events that could not be recorded."""
        return self.dead_letter_folder or default_data_folder() / "dead-letters"


_OTHERS = (
    *(
        "LOOPGRAPH_URL",
        "LOOPGRAPH_TOKEN",
        "LOOPGRAPH_TOKEN_FILE",
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
