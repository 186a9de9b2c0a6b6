"""What a model was given, as evidence for the version that it is of: the digests of a text as it was given, and with all that
was put into it taken out again. So a body is found by its digest, whatever it was called with.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from loopgraph.contracts.lineage.bodies import body_digest
from loopgraph.contracts.lineage.definitions import DefinitionOrigin

_BASE: Final = re.compile(r"Base directory for this skill: (?P<folder>[^\n]+)\n\s*\n?")
_ARGUMENTS: Final = re.compile(
    r"(?:^|\n[ \t]*\n)ARGUMENTS: (?P<arguments>(?:(?!\n[ \t]*\nARGUMENTS: ).)*)\Z", re.DOTALL
)
_OF_USER: Final = re.compile(
    r"(?:/home/[^/]+|/Users/[^/]+|/root|[A-Za-z]:[\\/]Users[\\/][^\\/]+)[\\/]"
    r"(?:\.(?:claude|codex|agents|gemini|copilot|cursor|opencode)|\.config[\\/]opencode)[\\/]"
)
_PLUGINS: Final = re.compile(r"[\\/](?:plugins|extensions)[\\/]")
_LONGEST_TEXT: Final = 1_000_000


@dataclass(frozen=True)
class Seen:
    """The text of a body with everything taken out that was put in; the digests of its forms, the one as it was given first."""

    text: str
    digests: tuple[str, ...]
    arguments: str | None = None
    path: str | None = None
    origin: DefinitionOrigin | None = None

    @property
    def evidence(self) -> dict[str, Any]:
        """The fields of ``contracts.traces.uses.Evidence`` that it gives, and the arguments."""
        given = {"digests": self.digests, "text": self.text if len(self.text) <= _LONGEST_TEXT else None}
        more = {"arguments": self.arguments, "pattern_path": self.path, "pattern_origin": self.origin}
        return {name: value for name, value in {**given, **more}.items() if value}


def seen_called(given: str, session_id: str, arguments: str | None = None) -> Seen:
    """What a model was given of a skill or a command, by the client's own words around it. ``arguments`` are those that it was
    called with, where they are known."""
    base = _BASE.match(given)
    body = given[base.end() :] if base else given
    folder = base["folder"].strip() if base else None
    told = _ARGUMENTS.search(body)
    if told and (arguments is None or told["arguments"].strip() == arguments.strip()):
        body, arguments, put_in = body[: told.start()], told["arguments"].strip(), False
    else:
        put_in = bool(arguments and arguments.strip())
    forms = [body, _taken_out(body, {"${CLAUDE_SESSION_ID}": session_id, "${CLAUDE_SKILL_DIR}": folder})]
    if put_in and arguments:
        forms.append(_without_arguments(forms[-1], arguments.strip()))
    return Seen(forms[-1], _digests(forms), arguments or None, folder, origin_of(folder) if folder else None)


def seen_in_braces(given: str, called: str) -> Seen:
    """What a model was given of a command that was called so (``/fix 42``) and has ``{{args}}`` where arguments are put in; where
    it has none, a client puts the whole call behind it."""
    arguments = called.partition(" ")[2].strip()
    body = given.removesuffix(f"\n\n{called.strip()}") if arguments else given
    forms = [given, body]
    if arguments and body == given:
        forms.append(_without_arguments(given, arguments, "{{args}}"))
    return Seen(forms[-1], _digests(forms), arguments or None)


def seen_whole(given: str, path: str | None = None, origin: DefinitionOrigin | None = None) -> Seen:
    """What a model was given of a subagent's definition or of memory, into which nothing is put."""
    return Seen(given, _digests([given]), None, path, origin)


def is_skill(given: str) -> bool:
    """Whether what the client puts into a conversation is a skill, and no command."""
    return _BASE.match(given) is not None


def origin_of(path: str) -> DefinitionOrigin:
    """Who brings the definition in this file or folder."""
    if found := _OF_USER.match(path):
        return DefinitionOrigin.PLUGIN if _PLUGINS.match(path, found.end() - 1) else DefinitionOrigin.USER
    slashed = path.replace("\\", "/")
    installed = "/.claude/plugins/" in slashed or "/.gemini/extensions/" in slashed
    return DefinitionOrigin.PLUGIN if installed else DefinitionOrigin.PROJECT


def _taken_out(body: str, names: dict[str, str | None]) -> str:
    for name, value in names.items():
        if value:
            body = body.replace(value, name)
    return body


def _without_arguments(body: str, arguments: str, hole: str = "$ARGUMENTS") -> str:
    """The body with their place in place of the arguments. A single character stands in a text for other reasons, too."""
    form = re.compile(rf"(?<!\w){re.escape(arguments)}(?!\w)")
    if len(arguments) == 1 and len(form.findall(body)) != 1:
        return body
    return form.sub(hole, body)


def _digests(forms: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(body_digest(form) for form in forms))
