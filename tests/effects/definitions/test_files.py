"""Files that can be definitions: what is found below a folder, through links and repositories within, and what they hold."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from loopgraph.effects.clock import now
from loopgraph.effects.definitions.files import find, read, work_tree_of


def write(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path, encoding="utf-8")


def test_finds_texts_that_can_be_definitions_or_manifests(tmp_path: Path) -> None:
    write(
        tmp_path,
        "a.md",
        "b/c/d.md",
        "b/e.toml",
        ".claude-plugin/plugin.json",
        "code.py",
        "node_modules/x/f.md",
        ".git/g.md",
    )
    found = find(tmp_path)
    assert found.files.keys() == {"a.md", "b/c/d.md", "b/e.toml", ".claude-plugin/plugin.json"}
    assert found.files["b/c/d.md"] == tmp_path.resolve() / "b/c/d.md"
    assert found.whole


def test_repositories_within_are_left_out_but_where_skills_are_shared_so(tmp_path: Path) -> None:
    write(
        tmp_path,
        "vendor/lib/.git",
        "vendor/lib/CLAUDE.md",
        ".claude/skills/own/.git",
        ".claude/skills/own/SKILL.md",
        ".git",
    )
    assert find(tmp_path).files.keys() == {".claude/skills/own/SKILL.md"}


def test_links_are_followed_where_people_make_them_and_each_folder_once(tmp_path: Path) -> None:
    write(tmp_path, "out/one/SKILL.md", "out/guide.md", "in/skills/two/SKILL.md", "in/docs/x.md", "in/CLAUDE.md")
    inside = tmp_path / "in"
    (inside / "skills" / "one").symlink_to(tmp_path / "out" / "one")
    (inside / "skills" / "again").symlink_to(tmp_path / "out" / "one")
    (inside / "skills" / "loop").symlink_to(inside)
    (inside / "elsewhere").symlink_to(tmp_path / "out")
    (inside / "AGENTS.md").symlink_to("CLAUDE.md")
    (inside / "GEMINI.md").symlink_to(tmp_path / "out" / "guide.md")
    (inside / "gone.md").symlink_to("nowhere")
    found = find(inside)
    assert found.files.keys() == {"skills/again/SKILL.md", "skills/two/SKILL.md", "docs/x.md", "CLAUDE.md"}
    real = tmp_path.resolve()
    assert found.links == {"AGENTS.md": real / "in/CLAUDE.md", "GEMINI.md": real / "out/guide.md"}
    assert found.files["skills/again/SKILL.md"] == tmp_path.resolve() / "out/one/SKILL.md"
    assert found.whole


def test_what_is_too_much_is_cut_and_said(tmp_path: Path) -> None:
    write(tmp_path, *(f"{number}/x.md" for number in range(9)))
    found = find(tmp_path, most_folders=4)
    assert (found.cut, found.whole, len(found.files)) == (True, False, 3)
    assert find(tmp_path, most_folders=10).whole


def test_what_is_to_be_avoided_is(tmp_path: Path) -> None:
    write(tmp_path, "a/x.md", "b/x.md")
    assert find(tmp_path, [tmp_path / "b"]).files.keys() == {"a/x.md"}
    assert find(tmp_path / "missing").unread


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"ab", "ab"), (b"a\xffb", "a\ufffdb"), (b"a\0b", None), (b"x" * 11, None), (b"x" * 10, "x" * 10)],
)
def test_reads_texts_of_bounded_size(tmp_path: Path, content: bytes, text: str | None) -> None:
    file = tmp_path / "x.md"
    file.write_bytes(content)
    found = read(file, 10)
    assert (found and found.text) == text


def test_a_file_was_changed_when_it_says_but_never_in_the_future(tmp_path: Path) -> None:
    write(tmp_path, "x.md")
    for seconds in (1_700_000_000, 4_000_000_000):
        os.utime(tmp_path / "x.md", (seconds, seconds))
        found = read(tmp_path / "x.md", 10)
        assert found is not None
        assert found.modified_at <= now()
        assert (found.modified_at == datetime.fromtimestamp(seconds, UTC)) == (seconds < 2_000_000_000)
    assert read(tmp_path / "missing.md", 10) is None
    assert read(tmp_path, 10) is None


def test_a_work_tree_is_the_nearest_folder_with_git_in_it(tmp_path: Path) -> None:
    write(tmp_path, "a/.git/HEAD", "a/b/c.md", "a/tree/.git")
    real = tmp_path.resolve()
    assert work_tree_of(tmp_path / "a" / "b") == real / "a"
    assert work_tree_of(tmp_path / "a" / "tree") == real / "a" / "tree"
    assert work_tree_of(tmp_path) is None
