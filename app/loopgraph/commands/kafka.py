"""``loopgraph kafka``: what messages say. They are read and sent by ``loopgraph serve``."""

from __future__ import annotations

import sys

import typer

from loopgraph.commands.terminal import plainly

kafka = typer.Typer(no_args_is_help=True, help="What is published in Kafka; `loopgraph serve` does it.")


@kafka.callback()
def group() -> None:
    """What is published in Kafka."""


@kafka.command()
@plainly
def schema() -> None:
    """Print the JSON Schema of the messages of LOOPGRAPH_KAFKA_PRODUCE."""
    import orjson

    from loopgraph.contracts.broker import PatternEvent

    told = {"$schema": "https://json-schema.org/draft/2020-12/schema", **PatternEvent.model_json_schema()}
    sys.stdout.write(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode() + "\n")
