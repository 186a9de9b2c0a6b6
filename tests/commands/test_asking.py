"""What commands show of who asks."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from loopgraph.commands.app import app
from loopgraph.commands.asking import authorization
from loopgraph.commands.exit_codes import ExitCode


def test_a_token_is_shown_and_none_is_not() -> None:
    assert authorization("lgt_x-Y_1") == {"authorization": "Bearer lgt_x-Y_1"}
    assert authorization("") == authorization(None) == {}


@pytest.mark.lengthy
@pytest.mark.parametrize("token", ["lgt_secret\n[rc 0]", "lgt_secret two", "lgt_secret\u00e9", "lgt_secret\x00"])
def test_what_is_no_token_is_told_without_showing_it(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {"LOOPGRAPH_TOKEN": token, "PATH": ""})
    for command in (["sessions"], ["traces", "tail"], ["loop", "list"]):
        result = CliRunner().invoke(app, command)
        assert result.exit_code == ExitCode.USAGE, result.output
        assert "must be one word" in result.output
        assert "secret" not in result.output
