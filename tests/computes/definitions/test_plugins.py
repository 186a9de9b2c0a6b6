"""Which plugins there are, by their manifests."""

from __future__ import annotations

import json

import pytest

from loopgraph.computes.definitions.plugins import Plugin, plugins_of


def marketplace(*plugins: object, **more: object) -> str:
    return json.dumps({"name": "m", "plugins": list(plugins), **more})


def test_a_manifest_makes_its_folder_a_plugin() -> None:
    manifests = {
        ".claude-plugin/plugin.json": json.dumps({"name": "a"}),
        "plugins/b/.claude-plugin/plugin.json": json.dumps({"name": "b", "commands": "./more/fix.md"}),
    }
    assert plugins_of(manifests) == [Plugin("a", ""), Plugin("b", "plugins/b", commands=("plugins/b/more/fix.md",))]


def test_plugins_of_a_marketplace_share_a_root_by_what_they_list() -> None:
    """As in anthropics/skills."""
    manifests = {
        ".claude-plugin/marketplace.json": marketplace(
            {"name": "document-skills", "source": "./", "strict": False, "skills": ["./skills/pdf", "./skills/docx"]},
            {"name": "example-skills", "source": "./", "skills": ["./skills/art"]},
            {"name": "elsewhere", "source": {"source": "github", "repo": "a/b"}},
        )
    }
    assert plugins_of(manifests) == [
        Plugin("document-skills", "", skills=("skills/pdf", "skills/docx")),
        Plugin("example-skills", "", skills=("skills/art",)),
    ]


def test_a_plugin_that_both_name_is_one() -> None:
    manifests = {
        ".claude-plugin/marketplace.json": marketplace({"name": "known-as", "source": "./p", "agents": ["./x/a.md"]}),
        "p/.claude-plugin/plugin.json": json.dumps({"name": "itself", "skills": {"s": {"source": "./own"}}}),
    }
    assert plugins_of(manifests) == [Plugin("known-as", "p", skills=("p/own",), agents=("p/x/a.md",))]


def test_a_base_is_put_before_sources_that_name_folders_only() -> None:
    entries = ({"name": "a", "source": "a"}, {"name": "b", "source": "./b"})
    manifests = {"x/.claude-plugin/marketplace.json": marketplace(*entries, metadata={"pluginRoot": "./plugins"})}
    assert [plugin.root for plugin in plugins_of(manifests)] == ["x/plugins/a", "x/b"]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"name": 1}', '{"name": " "}', "[" * 100_000, '{"plugins": 1}', '{"plugins": [1, {"name": "a"}]}'],
)
def test_what_is_none_is_left_out(text: str) -> None:
    assert plugins_of({".claude-plugin/plugin.json": text, ".claude-plugin/marketplace.json": text}) == []


def test_nothing_leads_out() -> None:
    entry = {"name": "a", "source": "../../secret"}
    inside = {"name": "b", "source": "./", "skills": ["/etc", "../x", "./ok"]}
    manifests = {".claude-plugin/marketplace.json": marketplace(entry, inside)}
    assert plugins_of(manifests) == [Plugin("b", "", skills=("ok",))]
