"""Which version a use is of. The rules, best first:

- ``exact: reported``: its reporter named the version.
- ``exact: content``: the text that the model was given is the body of the version, as it was or with its arguments put in.
- ``exact: file``: the file had the hash of the version.
- a version that is made of the text itself, if that is known and of no other.
- ``inferred: time``: the version was in force at that instant, if nothing is known of the text.

What one person has in their own folders is no one else's, though it has the same name or the same text: people are told apart
by their logins, as far as paths tell them. Where the path of a definition is not known, the folder that the agent works in
tells whose it may be, which a text that is the same outweighs: an agent in a container works elsewhere. Where several versions
fit, it is one of the pattern that holds where the agent works, before one of the user, before one of a plugin; of one pattern,
the version that was in force. So the same evidence and the same versions come to the same, in every order.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath

from loopgraph.computes.definitions.adoption import adopted_pattern
from loopgraph.computes.definitions.rendering import may_be_of
from loopgraph.contracts.lineage.bodies import body_of
from loopgraph.contracts.lineage.definitions import DefinitionKind, DefinitionOrigin, VersionBasis
from loopgraph.contracts.traces.uses import Candidate, Conclusion, Use

_IN_CLIENTS = re.compile(r"(?P<folder>.+?)/\.(?:claude|codex|agents|gemini|github|cursor|opencode)/")

_HOME = re.compile(r"(?:(?:[A-Za-z]:)?/Users|/home)/(?P<login>[^/]+)/|/(?P<root>root)/")
"""Where systems have people's own folders."""

_ELSEWHERE = 5
"""The place of a project's pattern that is known to hold elsewhere."""


def choose(use: Use, candidates: Sequence[Candidate]) -> Conclusion:
    """Which of the candidates a use is of, or what is to be made of it."""
    candidates = [each for each in candidates if not _is_anothers(use, each)]
    known = [each for each in candidates if not each.observed and _is_named(use, each) and not _fetches(each)]
    if use.version is not None:
        if named := _reported(use.version, known):
            return Conclusion(_best(use, named).node_id, VersionBasis.REPORTED, use.version)
        return _observed(use, known, VersionBasis.REPORTED, use.version)
    if same := [each for each in known if each.body_digest in use.digests]:
        best = _best(use, same)
        return Conclusion(best.node_id, VersionBasis.CONTENT, best.body_digest, final=True)
    if use.digests and (made := [each for each in known if _may_have_become(use, each)]):
        return Conclusion(_best(use, made).node_id, VersionBasis.CONTENT, use.digests[0])
    if use.file_digest and (read := [each for each in known if each.template_hash == use.file_digest]):
        return Conclusion(_best(use, read).node_id, VersionBasis.FILE, use.file_digest)
    if use.digests:
        return _observed(use, candidates, VersionBasis.CONTENT, use.digests[-1])
    return _in_force(use, known)


def _observed(use: Use, candidates: Sequence[Candidate], rule: VersionBasis, evidence: str) -> Conclusion:
    """A version that is made of what was seen, of the pattern that the use must be of."""
    mine = [each for each in candidates if not _seems_anothers(use, each)]
    homes = [each for each in mine if not each.observed and _is_named(use, each) and _is_home(use, each)]
    pattern_id = _best(use, homes).pattern_id if homes else own_pattern_id(use)
    return Conclusion(None, rule, evidence, observed=True, pattern_id=pattern_id, scope=scope_of(use))


def scope_of(use: Use) -> str:
    """Whose the definition is, as far as a use tells (``contracts.lineage.definitions.Identity.scope``)."""
    path, cwd = _slashed(use.path or ""), _slashed(use.cwd or "")
    if path.startswith("service:"):
        return path
    if use.origin == DefinitionOrigin.USER:
        login = _login_in(path) or _login_in(f"{cwd}/")
        return f"user:{login}" if login else "user"
    if use.origin == DefinitionOrigin.PLUGIN:
        plugin, _, _ = use.name.rpartition(":")
        return f"plugin:{plugin or path}"
    if inside := _IN_CLIENTS.match(path):
        return f"folder:{inside['folder']}"
    if use.kind == DefinitionKind.MEMORY and "/" in path and not path.startswith(f"{cwd}/"):
        return f"folder:{PurePosixPath(path).parent}"
    return f"folder:{cwd}" if cwd else "unknown"


def _login_in(path: str) -> str | None:
    """Whose folder a path is in."""
    home = _HOME.match(path)
    return (home["login"] or home["root"]) if home else None


def _is_anothers(use: Use, candidate: Candidate) -> bool:
    """Whether it is what another person has in their own folders."""
    mine = _login_in(_slashed(use.path or ""))
    if mine is None or not _is_somebodys(candidate):
        return False
    return candidate.scope != f"user:{mine}" and not _holds(use, candidate)


def _seems_anothers(use: Use, candidate: Candidate) -> bool:
    """Whether it is what another person has in their own folders than the one in whose folders the agent works."""
    return _login_at_work(use) is not None and not _seems_own(use, candidate) and candidate.scope != "user:root"


def _seems_own(use: Use, candidate: Candidate) -> bool:
    """Whether it is no person's own, or that of the person in whose folders the agent works."""
    works = _login_at_work(use)
    return not _is_somebodys(candidate) or (
        works is not None
        and (
            candidate.scope == f"user:{works}"
            or works in {_login_in(f"{_slashed(folder)}/") for folder in candidate.folders}
        )
    )


def _login_at_work(use: Use) -> str | None:
    """In whose folders the agent works, where the path does not tell whose the definition is."""
    return None if _login_in(_slashed(use.path or "")) else _login_in(f"{_slashed(use.cwd or '')}/")


def _is_somebodys(candidate: Candidate) -> bool:
    return candidate.origin == DefinitionOrigin.USER and (candidate.scope or "").startswith("user:")


def own_pattern_id(use: Use) -> str:
    """The pattern of a definition of which only uses are known: the same for all that tell of it."""
    told = "|".join((use.kind, use.name, scope_of(use)))
    return "seen-" + hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _in_force(use: Use, known: Sequence[Candidate]) -> Conclusion:
    mine = [each for each in known if not _seems_anothers(use, each)]
    near = [each for each in mine if _place(use, each) < _ELSEWHERE and each.created_at <= use.at and not each.proposed]
    if not (use.path or use.cwd) and len({each.pattern_id for each in near}) > 1:
        return Conclusion()  # nobody knows whose it was
    if not near:
        return Conclusion()
    best = _best(use, near)
    of_persons = {each.scope for each in near if _is_somebodys(each)}
    if (
        len(of_persons) > 1
        and _is_somebodys(best)
        and not _login_in(_slashed(use.path or ""))
        and not _seems_own(use, best)
    ):
        return Conclusion()  # one of several people's, and none of them is known to be the one
    since = best.created_at.astimezone(UTC).isoformat(timespec="microseconds")
    return Conclusion(best.node_id, VersionBasis.TIME, f"in force since {since}")


def _reported(version: str, known: Sequence[Candidate]) -> list[Candidate]:
    """The versions that a reporter may mean by a name: an id, else a label, else a number."""
    by_id = [each for each in known if each.node_id == version]
    by_label = [each for each in known if each.label == version]
    return by_id or by_label or [each for each in known if each.label is None and str(each.version) == version]


def _is_named(use: Use, candidate: Candidate) -> bool:
    """Whether it can be of that name; of memory, whether it can be that file."""
    if candidate.kind != DefinitionKind.MEMORY:
        return candidate.name == use.name
    path = _slashed(use.path or use.name)
    if "/" not in path and candidate.kind == DefinitionKind.MEMORY:  # all that is known is how the file is called
        return candidate.name.rpartition("/")[2] in (path, path.replace(".md", ".override.md"))
    return path == candidate.name or path.endswith(f"/{candidate.name}") or (candidate.path or "") == path


def _fetches(candidate: Candidate) -> bool:
    """Whether it is the line that fetches a text: what a model is given is never that."""
    return candidate.template_code is not None and adopted_pattern(candidate.template_code) is not None


def _may_have_become(use: Use, candidate: Candidate) -> bool:
    """Whether the text can be what the candidate's body became; asked only of bodies into which something is put."""
    if candidate.template_code is None or use.text is None or candidate.kind not in set(DefinitionKind):
        return False
    body = body_of(DefinitionKind(candidate.kind), candidate.template_code, candidate.path or "")
    given = given_text(use)
    braces = (candidate.path or "").endswith(".toml")
    return may_be_of(body, given, use.arguments, use.session_id, use.path, braces=braces)


def given_text(use: Use) -> str:
    """The text as the model was given it: with all put in again."""
    put_in = {"$ARGUMENTS": use.arguments, "{{args}}": use.arguments}
    put_in |= {"${CLAUDE_SESSION_ID}": use.session_id, "${CLAUDE_SKILL_DIR}": use.path}
    text = use.text or ""
    for name, value in put_in.items():
        if value:
            text = text.replace(name, value)
    return text


def _best(use: Use, candidates: Sequence[Candidate]) -> Candidate:
    """The one that fits best of several that fit."""
    first = min(
        candidates,
        key=lambda each: (_place(use, each), not _seems_own(use, each), each.kind != use.kind, each.pattern_id),
    )
    own = [each for each in candidates if each.pattern_id == first.pattern_id]
    if use.file_digest:  # several versions can have one body: the file tells them apart
        own = [each for each in own if each.template_hash == use.file_digest] or own
    if len({each.body_digest for each in own}) == 1:  # what was committed later was the same before
        own = [each for each in own if not each.uncommitted] or own
    begun = [each for each in own if each.created_at <= use.at]
    if begun:
        return max(begun, key=_order)
    return min(own, key=_order)


def _order(candidate: Candidate) -> tuple[datetime, int]:
    return candidate.created_at, candidate.version


def _place(use: Use, candidate: Candidate) -> int:
    """How well the pattern's origin goes with where the use was: the less the better."""
    other = use.origin is not None and candidate.origin is not None and use.origin != candidate.origin
    match candidate.origin:
        case DefinitionOrigin.USER:
            place = 2
        case DefinitionOrigin.PLUGIN:
            place = 3
        case _ if not candidate.folders or not (use.path or use.cwd):
            place = 1
        case _:
            place = 0 if _holds(use, candidate) else _ELSEWHERE
    return place + (10 if other else 0)


def _is_home(use: Use, candidate: Candidate) -> bool:
    """Whether a text of that name, seen there, must be of the candidate's pattern."""
    if _place(use, candidate) >= _ELSEWHERE:
        return False
    anywhere = not candidate.origin and candidate.kind != DefinitionKind.MEMORY
    return _holds(use, candidate) or (use.origin is not None and use.origin == candidate.origin) or anywhere


def _holds(use: Use, candidate: Candidate) -> bool:
    here = [_slashed(path) for path in (use.path, use.cwd) if path]
    folders = [_slashed(folder).rstrip("/") for folder in candidate.folders]
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders for path in here)


def _slashed(path: str) -> str:
    return path.replace("\\", "/")
