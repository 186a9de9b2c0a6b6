"""A TOML settings file changes in one table, and in no other character."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.errors import InvalidInput
from loopgraph.installer.mcp_settings import MCP_CLIENTS, install, installed, uninstall
from loopgraph.installer.settings_file import Json
from loopgraph.installer.toml_file import TomlSettingsFile

CODEX = MCP_CLIENTS["codex"]
THEIRS = """# my settings
model = "gpt"   # the good one

[mcp_servers.docs]
command = 'npx'
args = [
  "-y",  # yes
]

[mcp_servers.docs.env]
KEY = "a"

[profiles.fast]
model = "small"
"""


def put(settings: Json) -> Json:
    return install(CODEX, settings, "/opt/bin/loopgraph", ["mcp", "--url", "http://127.0.0.1:8053"])


def out(settings: Json) -> Json:
    return uninstall(CODEX, settings)


def test_our_table_is_added_brought_up_to_date_and_taken_out(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(THEIRS)
    file = TomlSettingsFile(path)
    file.change(put)
    assert path.read_text() == (
        f'{THEIRS}\n[mcp_servers.loopgraph]\ncommand = "/opt/bin/loopgraph"\n'
        'args = ["mcp", "--url", "http://127.0.0.1:8053"]\n'
    )
    assert file.change(put) is None
    file.change(lambda settings: install(CODEX, settings, "/other/loopgraph", ["mcp"]))
    assert installed(CODEX, file.read()) == ["/other/loopgraph", "mcp"]
    assert path.read_text().startswith(THEIRS)
    file.change(out)
    assert path.read_text() == THEIRS
    assert file.tidy(out) == []
    assert [*tmp_path.iterdir()] == [path]


def test_it_is_replaced_in_its_place_and_what_somebody_added_stays(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[mcp_servers.loopgraph]\ncommand = "old"\nstartup_timeout_sec = 9\n\n# theirs\n[a]\nb = 1\n')
    TomlSettingsFile(path).change(put)
    text = path.read_text()
    assert tomllib.loads(text)["mcp_servers"]["loopgraph"]["startup_timeout_sec"] == 9
    assert text.endswith("\n[a]\nb = 1\n")


@pytest.mark.parametrize(
    "text",
    ['mcp_servers = { docs = { command = "x" } }\n', 'mcp_servers.loopgraph.command = "x"\n', 'mcp_servers = "none"\n'],
)
def test_what_cannot_be_changed_safely_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(InvalidInput):
        TomlSettingsFile(path).change(put)
    assert path.read_text() == text
    assert [*tmp_path.iterdir()] == [path]


def test_nothing_is_left_where_nothing_was(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "config.toml"
    file = TomlSettingsFile(path)
    file.change(put)
    file.change(out)
    file.tidy(out)
    assert [*path.parent.iterdir()] == []


@pytest.mark.lengthy
@given(
    st.text(st.characters(codec="utf-8"), max_size=60),
    st.lists(st.text(st.characters(codec="utf-8"), max_size=20), max_size=3),
)
def test_whatever_a_value_is_it_reads_back(command: str, arguments: list[str]) -> None:
    file = TomlSettingsFile(Path("nowhere.toml"))
    _, after = file.preview(lambda settings: install(CODEX, settings, command, arguments))
    assert tomllib.loads(after)["mcp_servers"]["loopgraph"] == {"command": command, "args": arguments}
