"""The labels of what the service keeps for itself: what it has counted, what is to be done, who is at work."""

from __future__ import annotations

from typing import Final

from loopgraph.contracts.access import AccessToken, SignIn
from loopgraph.contracts.analytics.failures import ErrorAnnotation
from loopgraph.contracts.catalogue.kinds import Kind, NodeType, kept, of, told
from loopgraph.contracts.traces.transcripts import Position

_COUNTS = (
    NodeType(
        "UsageBucket",
        "bucket_key",
        "What happened to one subject in one hour or day, as sums.",
        {
            **told(Kind.TEXT, bucket_key="subject and time", kind_key="kind of subject and time"),
            **told(
                Kind.INTEGER,
                executions="how often it was executed",
                successes="how many of these succeeded",
                failures="how many failed",
                cost_nanousd="cost in 10⁻⁹ US dollars",
            ),
            **told(Kind.TEXT, sums="all sums"),
        },
    ),
    NodeType(
        "UsageBreakdown",
        "bucket_key",
        "What the executions of a bucket are told apart by.",
        told(Kind.TEXT, bucket_key="that of the bucket", breakdown="sums by dimension and value"),
    ),
    NodeType(
        "CountedTrace",
        "correlation_id",
        "What a trace has added to buckets.",
        told(
            Kind.TEXT,
            correlation_id="the trace",
            contribution="what it has added",
            prompt_key="where it stood in its session",
            pruned="what it had added before it moved into the archive",
        ),
    ),
    NodeType(
        "UsageMark",
        None,
        "Something has changed that is yet to be counted.",
        {
            **kept(Kind.TEXT, label="the label of what has changed", key="its key"),
            **kept(Kind.INTEGER, at="when it changed, in milliseconds since 1970; what restores traces says none"),
        },
    ),
    NodeType("PrunedMark", "key", "A trace is being moved into the archive.", kept(Kind.TEXT, key="the trace")),
    NodeType(
        "UsageRound",
        "name",
        "The round of counting that is next.",
        {
            **kept(
                Kind.TEXT,
                name="always the same",
                turn="the write that changed it last",
                owner="who has it to itself",
                criteria="digest of the success criteria by which is counted",
                challenger="digest of those by which somebody would rather count",
                marked_to="the last trace that is marked of those that earlier criteria judged",
            ),
            **kept(Kind.TEXTS, changed_days="which days the rounds before it changed, the last 200 of them"),
            **kept(Kind.INTEGER, round="its number"),
            **kept(Kind.INSTANT, until="how long"),
        },
    ),
)

_OTHERS = (
    NodeType(
        "Change",
        "change_key",
        "What one commit changed, for those who follow.",
        {
            **kept(Kind.TEXT, change_key="who numbers it, and its number: in the order of commits"),
            **kept(Kind.INSTANT, at="when it was made"),
            **kept(Kind.JSON, body="what it tells"),
        },
    ),
    NodeType(
        "ChangeWriter",
        "number",
        "Who numbers changes: one process at a time, one commit after another.",
        {
            **kept(
                Kind.INTEGER,
                number="its number",
                seq="the number of its last change, as it was when a process took it over or gave it back",
                floor="up to which its changes are gone",
            ),
            **kept(Kind.TEXT, owner="the process that has it", turn="the process that took it over last"),
            **kept(Kind.INSTANT, at="when that was, or when changes of it were taken away"),
        },
    ),
    NodeType(
        "Outbox",
        "name",
        "How far what is told has been published in a topic of Kafka.",
        {
            **kept(
                Kind.TEXT,
                name="the topic",
                cursor="after what of all that was told the last batch ends that is known to be there",
                next_cursor="after what the batch behind it ends, which was begun",
                owner="the process that publishes",
                turn="the process that asked for it last",
            ),
            **kept(Kind.INTEGER, number="the number of that batch"),
            **kept(
                Kind.INSTANT,
                leased_until="until when that process has it",
                complete_at="when all that was told had been published, last",
                saved_at="when this was written last",
            ),
        },
    ),
    NodeType(
        "ErrorPattern",
        "template_id",
        "What people wrote of errors whose messages are alike.",
        {
            **of(ErrorAnnotation),
            **told(Kind.INSTANT, created_at="when somebody wrote of it first"),
            **kept(Kind.INSTANT, touched_at="the write that changed it last"),
        },
    ),
    NodeType("TranscriptFile", "file_id", "How far a file of transcripts has been read.", of(Position)),
    NodeType(
        "AccessToken",
        "token_id",
        "A token that a service takes, without its secret.",
        {
            **of(AccessToken),
            **kept(Kind.TEXT, token_hash="SHA-256 of its secret, by which it is found"),  # noqa: S106 - no password
            **kept(Kind.TEXT, turn="who revoked it last, or tried to"),
        },
    ),
    NodeType(
        "SignIn",
        "sign_in_id",
        "Somebody who has signed in to the console, until that ends.",
        {
            **of(SignIn),
            **kept(
                Kind.TEXT,
                secret_hash="SHA-256 of what the browser keeps, by which it is found",  # noqa: S106 - no password
                end_key="when it ends by itself",
            ),
        },
    ),
    NodeType(
        "LineageLock",
        "name",
        "What large writes take turns by.",
        kept(Kind.TEXT, name="what is locked", turn="who had it last"),
    ),
    NodeType(
        "SchemaVersion",
        "key",
        "The version of the schema (`loopgraph`), and each migration that this database has had.",
        {
            **kept(
                Kind.TEXT,
                key="`loopgraph`, or the migration",
                engine="the engine that it was set up on",
                name="name of the migration",
                digest="digest of the migration",
                after="the key that it goes on after",
                turn="the slice that is at work",
            ),
            **kept(
                Kind.INTEGER,
                version="version of the schema",
                number="number of the migration",
                backfill="the backfill that it is in",
                rows="rows written",
            ),
            **kept(
                Kind.INSTANT,
                created_at="when the database was set up",
                updated_at="when this was written last",
                started_at="when the migration began",
                applied_at="when all of it was applied",
                probed_at="when the service last tried whether the graph takes writes",
            ),
        },
    ),
)

SERVICE: Final = (*_COUNTS, *_OTHERS)
