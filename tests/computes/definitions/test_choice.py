"""Which version a use is of, among those that it may be of."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from loopgraph.computes.definitions.adoption import adopted
from loopgraph.computes.definitions.choice import choose, own_pattern_id, scope_of
from loopgraph.contracts.lineage.bodies import body_digest
from loopgraph.contracts.lineage.changes import template_hash
from loopgraph.contracts.lineage.definitions import VersionBasis
from loopgraph.contracts.traces.uses import Candidate, Use
from support.traces import NOON

HOME = "/home/dev/proj"


def version(node_id: str, body: str = "# Triage", *, days: float = -1, **more: Any) -> Candidate:
    """A version of a project's skill; ``days`` after noon."""
    return Candidate(
        **{
            "node_id": node_id,
            "pattern_id": "p",
            "version": 1,
            "kind": "skill",
            "name": "triage",
            "created_at": NOON + timedelta(days=days),
            "template_hash": template_hash(body),
            "body_digest": body_digest(body),
            "origin": "project",
            "folders": (HOME,),
            **more,
        }
    )


def use(body: str | None = "# Triage", **more: Any) -> Use:
    seen = {"text": body, "digests": (body_digest(body),)} if body else {}
    return Use(
        **{"execution_id": "e", "kind": "skill", "name": "triage", "at": NOON, "cwd": f"{HOME}/src", **seen, **more}
    )


def chosen(use_: Use, *candidates: Candidate) -> tuple[str | None, str | None]:
    """The version and the rule, which no order of the candidates changes."""
    found = choose(use_, candidates)
    for seed in range(3):
        order = list(candidates)
        random.Random(seed).shuffle(order)
        assert choose(use_, order) == found
    return found.node_id, found.rule


def test_of_one_text_the_version_that_was_in_force() -> None:
    first, other = version("first", days=-9), version("other", "# Other", days=-5, version=2)
    again, later = version("again", days=-2, version=3), version("later", days=3, version=4)
    assert chosen(use(), first, other, again, later) == ("again", VersionBasis.CONTENT)
    assert chosen(use(at=NOON - timedelta(days=6)), first, other, again, later) == ("first", VersionBasis.CONTENT)
    assert chosen(use(), later) == ("later", VersionBasis.CONTENT), "the text is evidence enough: clocks differ"


@pytest.mark.parametrize("below", ["/home", "/Users", "C:\\Users"])
def test_what_a_person_has_in_their_own_folders_is_no_one_else_s(below: str) -> None:
    """Though it has the same name and the same text; the same login is the same person on every machine."""

    def users(login: str) -> Candidate:
        folders = (f"/home/{login}/.claude",)
        own = {"pattern_id": login, "scope": f"user:{login}", "origin": "user", "folders": folders}
        return version(login, kind="memory", name=".claude/CLAUDE.md", path=".claude/CLAUDE.md", **own)

    def by(login: str, body: str | None = "# Triage", **more: Any) -> Use:
        path = f"{below}/{login}/.claude/CLAUDE.md".replace("/", "\\" if "\\" in below else "/")
        return use(body, **{"kind": "memory", "name": path, "path": path, "origin": "user", **more})

    ann, bob, either = users("ann"), users("bob"), use(kind="memory", name="CLAUDE.md", origin="user", cwd="/srv")
    assert chosen(by("bob"), ann, bob) == ("bob", VersionBasis.CONTENT)
    assert chosen(by("ann"), ann, bob) == ("ann", VersionBasis.CONTENT)
    assert chosen(by("bob", None), ann) == (None, None)
    assert chosen(either, bob) == ("bob", VersionBasis.CONTENT), "nothing tells whose it is"
    of_bob, of_ann = choose(by("bob", "# Other"), [ann]), choose(by("ann", "# Other"), [ann])
    assert (of_bob.observed, of_bob.scope, of_ann.pattern_id) == (True, "user:bob", "ann")
    assert of_bob.pattern_id == own_pattern_id(by("bob")) != own_pattern_id(by("ann"))


@pytest.mark.parametrize("below", ["/home", "/Users", "C:\\Users"])
def test_the_folder_that_an_agent_works_in_tells_whose_a_definition_is_of_which_there_is_no_path(below: str) -> None:
    def users(login: str, **more: Any) -> Candidate:
        own = {"pattern_id": login, "scope": f"user:{login}", "origin": "user", "folders": (f"/x/{login}/.claude",)}
        return version(login, **{**own, **more})

    def by(login: str, body: str | None = None, **more: Any) -> Use:
        return use(body, cwd=f"{below}/{login}/proj".replace("/", "\\" if "\\" in below else "/"), **more)

    ann, bob, root = users("ann"), users("bob"), users("root")
    for login in ("ann", "bob"):
        assert chosen(by(login), ann, bob, root) == (login, VersionBasis.TIME)
        assert chosen(by(login, "# Triage"), ann, bob, root) == (login, VersionBasis.CONTENT)
    assert chosen(by("eve"), ann) == chosen(by("eve"), ann, bob) == (None, None)
    assert chosen(by("eve", "# Triage"), ann) == ("ann", VersionBasis.CONTENT), "the same text outweighs a folder"
    assert chosen(by("eve"), root) == ("root", VersionBasis.TIME), "root works anywhere"
    assert chosen(use(None, cwd="/srv"), ann) == ("ann", VersionBasis.TIME)
    assert chosen(use(None, cwd="/srv"), ann, bob) == (None, None), "it is one of two people's"
    assert (
        chosen(by("eve"), users("by root", scope="user:root", folders=(f"{below}/eve/.claude",)), ann)[0] == "by root"
    )

    seen = choose(by("eve", "# Other", origin="user"), [ann, bob])
    assert (seen.observed, seen.scope, seen.pattern_id) == (True, "user:eve", own_pattern_id(by("eve", origin="user")))
    assert choose(by("bob", "# Other", origin="user"), [ann, bob]).pattern_id == "bob"


def test_a_folder_that_was_scanned_by_another_login_is_the_same_person_s() -> None:
    path = "/home/dev/.claude/CLAUDE.md"
    own = {"scope": "user:root", "origin": "user", "folders": ("/home/dev/.claude",)}
    scanned = version("by root", kind="memory", name=".claude/CLAUDE.md", path=".claude/CLAUDE.md", **own)
    assert chosen(use(kind="memory", name=path, path=path, origin="user"), scanned) == ("by root", VersionBasis.CONTENT)


def test_the_file_tells_versions_of_one_body_apart() -> None:
    old = version("old", template_hash=template_hash("---\na\n---\n# Triage"))
    new = version("new", template_hash=template_hash("---\nb\n---\n# Triage"), version=2, days=-0.5)
    assert chosen(use(), old, new) == ("new", VersionBasis.CONTENT)
    assert chosen(use(file_digest=old.template_hash), old, new) == ("old", VersionBasis.CONTENT)
    assert chosen(use(None, file_digest=old.template_hash), old, new) == ("old", VersionBasis.FILE)


def test_the_line_that_fetches_a_text_is_never_what_was_used() -> None:
    line = adopted("---\nname: triage\n---\n# Triage", "p")
    own, fetching = version("own", days=-2), version("fetching", line, days=-1, version=2, template_code=line)
    assert chosen(use(None), own, fetching) == ("own", VersionBasis.TIME)
    assert chosen(use(None, file_digest=fetching.template_hash), own, fetching) == ("own", VersionBasis.TIME)


def test_what_was_only_proposed_was_never_in_force() -> None:
    own, proposed = version("own", days=-2), version("proposed", "# Other", days=-1, version=2, proposed=True)
    assert chosen(use(None), own, proposed) == ("own", VersionBasis.TIME)
    assert chosen(use("# Other"), own, proposed) == ("proposed", VersionBasis.CONTENT)


def test_what_was_committed_later_was_the_same_before() -> None:
    seen, committed = version("seen", uncommitted=True), version("committed", days=2, version=2)
    assert chosen(use(), seen, committed) == ("committed", VersionBasis.CONTENT)


def test_a_text_of_no_version_is_made_one() -> None:
    known = version("known")
    found = choose(use("# Edited"), [known])
    assert (found.observed, found.pattern_id, found.node_id) == (True, "p", None)
    assert chosen(use("# Edited", file_digest=known.template_hash), known) == ("known", VersionBasis.FILE), (
        "what its file became: a command may print anything"
    )
    elsewhere = choose(use("# Edited", cwd="/home/dev/other"), [known])
    assert elsewhere.pattern_id == own_pattern_id(use("# Edited", cwd="/home/dev/other"))


def test_time_tells_only_where_nothing_is_known_of_the_text() -> None:
    old, new = version("old", days=-5), version("new", "# New", days=-1, version=2)
    assert chosen(use(None), old, new) == ("new", VersionBasis.TIME)
    assert chosen(use(None, at=NOON - timedelta(days=3)), old, new) == ("old", VersionBasis.TIME)
    assert chosen(use(None, at=NOON - timedelta(days=9)), old, new) == (None, None), "none was there yet"
    assert choose(use("# Edited"), [old, new]).rule is not VersionBasis.TIME


@pytest.mark.parametrize(
    ("cwd", "origin", "expected"),
    [
        (HOME, None, "project"),
        (f"{HOME}/deep/inside", None, "project"),
        (f"{HOME}-2", None, "user"),
        (HOME, "user", "user"),
        (HOME, "plugin", "plugin"),
    ],
)
def test_of_several_patterns_the_nearest(cwd: str, origin: str | None, expected: str) -> None:
    candidates = [
        version("elsewhere", pattern_id="a", folders=("/home/dev/elsewhere",)),
        version("plugin", pattern_id="b", origin="plugin", folders=()),
        version("user", pattern_id="c", origin="user", folders=()),
        version("project", pattern_id="d"),
    ]
    assert chosen(use(cwd=cwd, origin=origin), *candidates)[0] == expected
    assert chosen(use(None, cwd=cwd, origin=origin), *candidates)[0] == expected


def test_another_project_is_of_the_same_text_but_not_of_the_same_time() -> None:
    elsewhere = version("elsewhere", folders=("/home/dev/elsewhere",))
    assert chosen(use(), elsewhere) == ("elsewhere", VersionBasis.CONTENT)
    assert chosen(use(None), elsewhere) == (None, None)


def test_where_nobody_knows_the_place_the_only_pattern_is_meant() -> None:
    here, there = version("here", pattern_id="a"), version("there", pattern_id="b", folders=("/home/dev/elsewhere",))
    assert chosen(use(None, cwd=None), here) == ("here", VersionBasis.TIME)
    assert chosen(use(None, cwd=None), here, there) == (None, None)


def test_what_is_called_like_a_command_may_be_a_skill() -> None:
    skill, command = version("skill"), version("command", kind="command", pattern_id="z")
    assert chosen(use(kind="command"), skill) == ("skill", VersionBasis.CONTENT)
    assert chosen(use(kind="command"), skill, command) == ("command", VersionBasis.CONTENT)


def test_memory_is_known_by_the_end_of_its_path() -> None:
    def memory(node_id: str, name: str) -> Candidate:
        return version(node_id, kind="memory", name=name, pattern_id=name)

    at_root, inside = memory("root", "CLAUDE.md"), memory("inside", "src/CLAUDE.md")
    told = {"kind": "memory", "name": "CLAUDE.md"}
    assert chosen(use(path=f"{HOME}/src/CLAUDE.md", **told), inside)[0] == "inside"
    assert chosen(use(path=f"{HOME}/CLAUDE.md", **told), at_root)[0] == "root"
    assert chosen(use(path=f"{HOME}/lib/CLAUDE.md", **told), inside)[0] is None


def test_a_version_that_its_reporter_names() -> None:
    by_label, by_number = version("a", label="7", version=2), version("b", version=7)
    assert chosen(use(None, version="7"), by_label, by_number) == ("a", VersionBasis.REPORTED)
    assert chosen(use(None, version="7"), by_number) == ("b", VersionBasis.REPORTED)
    assert chosen(use(None, version="b"), by_label, by_number) == ("b", VersionBasis.REPORTED)
    found = choose(use(None, version="8"), [by_label, by_number])
    assert (found.observed, found.rule, found.evidence) == (True, VersionBasis.REPORTED, "8")


@pytest.mark.parametrize(
    ("told", "scope"),
    [
        ({"path": f"{HOME}/.claude/skills/triage"}, f"folder:{HOME}"),
        ({"path": None}, f"folder:{HOME}/src"),
        ({"path": None, "cwd": None}, "unknown"),
        ({"origin": "user"}, "user:dev"),
        ({"origin": "user", "cwd": "/srv"}, "user"),
        ({"origin": "plugin", "name": "tools:triage"}, "plugin:tools"),
        ({"kind": "memory", "path": "/home/dev/CLAUDE.md"}, "folder:/home/dev"),
        ({"path": "service:shop"}, "service:shop"),
    ],
)
def test_whose_a_definition_is_of_which_only_uses_are_known(told: dict[str, Any], scope: str) -> None:
    assert scope_of(use(**told)) == scope
