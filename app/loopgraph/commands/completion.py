"""``loopgraph completion``: what has a shell complete commands and options.

It is the parser's own: it knows every command and option by itself, so nothing is kept beside them that could say something else.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from typer.completion import get_completion_script  # type: ignore[attr-defined]

from loopgraph.commands.terminal import out, plainly


class Shell(StrEnum):
    """The shells that are known."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@plainly
def completion(shell: Annotated[Shell, typer.Argument(help="Of which shell.")]) -> None:
    """Print what has a shell complete commands and options: `eval "$(loopgraph completion bash)"` in its start file."""
    script = get_completion_script(prog_name="loopgraph", complete_var="_LOOPGRAPH_COMPLETE", shell=shell.value)
    out.print(script, markup=False)
