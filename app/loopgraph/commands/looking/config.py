"""``loopgraph config``: every setting, its value, and where that is from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Final

import typer
from pydantic import SecretStr

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.tables import Column, print_table
from loopgraph.commands.terminal import out, plainly, shown
from loopgraph.settings import Settings

config = typer.Typer(no_args_is_help=True, help="See the settings.")

MASK: Final = "********"


@config.callback()
def group() -> None:
    """See the settings."""


@config.command()
@plainly
def show(as_json: AsJson = False) -> None:
    """Show every setting, its value, and where it is from: the environment, or the default. Secrets are masked.

    One that `loopgraph serve` would refuse is named on standard error, with exit code 2.
    """
    settings = Settings()
    _print(described(settings, os.environ), as_json=as_json)
    from loopgraph.checking import check_settings

    check_settings(settings)


def _print(found: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    print_table(
        out,
        [
            Column("setting", [str(one["setting"]) for one in found], left=True),
            Column("value", [shown(_written(one["value"])) for one in found], left=True),
            Column("from", [str(one["from"]) for one in found], left=True),
        ],
    )


def described(settings: Settings, environ: Mapping[str, str]) -> list[dict[str, Any]]:
    """The settings in their order: ``setting`` (the name of its variable), ``value``, ``from``."""
    given = {name.upper() for name in environ}
    found = []
    for name in type(settings).model_fields:
        variable = f"LOOPGRAPH_{name.upper()}"
        source = "environment" if variable in given else "default"
        found.append({"setting": variable, "value": _plain(name, getattr(settings, name)), "from": source})
    return found


def _plain(name: str, value: Any) -> Any:
    match value:
        case SecretStr():
            return MASK if value.get_secret_value() else ""
        case Enum():
            return value.value
        case Path():
            return str(value)
        case tuple() | list():
            return [_plain(name, one) for one in value]
        case str() if "://" in value and "@" in value:  # a password may stand in an address
            scheme, _, rest = value.partition("://")
            return f"{scheme}://{MASK}@{rest.rpartition('@')[2]}"
    return value


def _written(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
