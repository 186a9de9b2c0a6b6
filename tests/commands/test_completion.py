"""Commands and options are completed, in a real shell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.command import command

BEFORE = """
eval "$(loopgraph completion bash)"
complete -p loopgraph
completed() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _loopgraph_completion loopgraph; echo "${COMPREPLY[*]}"; }
"""


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not here")
def test_bash_completes_commands_options_and_values() -> None:
    script = f"""set -e
{BEFORE}
completed loopgraph tra
completed loopgraph hooks st
completed loopgraph traces list --jso
completed loopgraph completion f
"""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LOOPGRAPH_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "--norc", "--noprofile", "-c", script],
        env=kept | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    registered, *completed = done.stdout.splitlines()
    assert "_loopgraph_completion" in registered
    assert [line.split() for line in completed] == [["traces"], ["status"], ["--json"], ["fish"]]


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("shell", "said"),
    [("bash", "complete -o"), ("zsh", "#compdef loopgraph"), ("fish", "complete --command loopgraph")],
)
async def test_each_shell_has_its_lines(shell: str, said: str) -> None:
    code, told, _ = await command("completion", shell)
    assert (code, said in told, "_LOOPGRAPH_COMPLETE" in told) == (0, True, True)


@pytest.mark.lengthy
async def test_another_shell_is_told_which_there_are() -> None:
    code, told, problem = await command("completion", "tcsh")
    assert (code, told) == (2, "")
    assert "fish" in problem
