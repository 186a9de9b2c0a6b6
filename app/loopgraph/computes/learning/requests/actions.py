"""The actions that prompts ask for, the kinds of work they belong to, and the words that ask for them. English only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from loopgraph.computes.learning.requests.opposites import VERBS
from loopgraph.computes.learning.requests.vocabulary import words_of

GENERAL: Final = "general"
"""The intent of a prompt whose action is not told."""
AVOID: Final = "avoid"
"""What a prompt asks for that only says what is not to be done."""

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    # action: (intent, the words that ask for it)
    "fix": ("debugging", "fix repair resolve solve correct mend patch unbreak heal"),
    "investigate": (
        "debugging",
        "debug investigate diagnose troubleshoot trace reproduce analyze analyse inspect look_into",
    ),
    "prevent": ("debugging", "prevent forbid disallow deny block reject"),
    "allow": ("implementation", "allow permit accept"),
    "add": (
        "implementation",
        "add create implement build make write generate introduce insert append put develop scaffold support provide include "
        "handle integrate design draft attach hook_up wire_up bootstrap",
    ),
    "change": ("implementation", "change modify update adjust adapt tweak edit alter set turn ensure"),
    "delete": (
        "refactoring",
        "delete remove drop clear purge erase strip discard uninstall eliminate clean_out get_rid_of take_out rip_out throw_away "
        "wipe truncate prune cut",
    ),
    "rename": ("refactoring", "rename retitle relabel"),
    "move": ("refactoring", "move relocate transfer"),
    "extract": ("refactoring", "extract pull_out factor_out"),
    "inline": ("refactoring", "inline"),
    "split": ("refactoring", "split break_up divide separate break_down"),
    "merge": ("version_control", "merge combine unify consolidate join"),
    "refactor": (
        "refactoring",
        "refactor restructure reorganize reorganise simplify clean_up cleanup tidy tidy_up rewrite rework modularize decouple "
        "streamline deduplicate",
    ),
    "replace": ("refactoring", "replace swap substitute switch exchange"),
    "convert": ("refactoring", "convert port transform translate_to turn_into migrate"),
    "optimize": ("performance", "optimize optimise speed_up accelerate improve_performance tune"),
    "measure": ("performance", "benchmark profile measure time"),
    "improve": ("implementation", "improve enhance polish extend"),
    "list": ("exploration", "list enumerate show_me tell_me print display"),
    "show": ("implementation", "show reveal"),
    "hide": ("implementation", "hide"),
    "find": ("exploration", "find search locate look_for grep look_up identify discover"),
    "count": ("exploration", "count"),
    "query": ("exploration", "query select fetch get read"),
    "explain": ("explanation", "explain describe clarify walk_me_through help_me_understand elaborate teach"),
    "summarize": ("explanation", "summarize summarise outline recap"),
    "compare": ("explanation", "compare contrast diff"),
    "check": ("exploration", "check verify validate confirm see_if see_whether audit"),
    "review": ("review", "review critique look_at look_over"),
    "test": ("testing", "test unit_test cover"),
    "mock": ("testing", "mock stub fake"),
    "skip": ("testing", "skip ignore"),
    "log": ("observability", "log record"),
    "monitor": ("observability", "monitor observe alert instrument"),
    "document": ("documentation", "document comment annotate_docs"),
    "deprecate": ("documentation", "deprecate"),
    "type": ("refactoring", "annotate"),
    "translate": ("documentation", "translate localize localise internationalize"),
    "format": ("formatting", "format reformat prettify indent"),
    "lint": ("formatting", "lint"),
    "sort": ("implementation", "sort order"),
    "cache": ("performance", "cache memoize"),
    "throttle": ("performance", "throttle rate_limit"),
    "deploy": ("deployment", "deploy ship roll_out"),
    "publish": ("deployment", "publish release"),
    "revert": ("version_control", "revert undo roll_back rollback restore reset unstage"),
    "apply": ("operations", "apply"),
    "run": ("operations", "run execute invoke call launch"),
    "start": ("operations", "start spin_up bring_up boot"),
    "stop": ("operations", "stop kill shut_down terminate tear_down halt pause"),
    "restart": ("operations", "restart reboot reload"),
    "install": ("dependencies", "install"),
    "upgrade": ("dependencies", "upgrade bump"),
    "downgrade": ("dependencies", "downgrade"),
    "pin": ("dependencies", "pin freeze"),
    "unpin": ("dependencies", "unpin"),
    "renew": ("operations", "renew refresh rotate regenerate"),
    "configure": ("configuration", "configure set_up setup initialize initialise"),
    "enable": ("configuration", "enable activate turn_on switch_on"),
    "disable": ("configuration", "disable deactivate turn_off switch_off comment_out"),
    "increase": ("configuration", "increase raise extend_to scale_up enlarge"),
    "decrease": ("configuration", "decrease reduce lower shrink scale_down shorten"),
    "lock": ("implementation", "lock"),
    "unlock": ("implementation", "unlock"),
    "encrypt": ("security", "encrypt"),
    "decrypt": ("security", "decrypt"),
    "sign": ("security", "sign"),
    "secure": ("security", "secure harden sanitize sanitise"),
    "import": ("data", "import load ingest"),
    "export": ("data", "export dump"),
    "seed": ("data", "seed populate fill"),
    "archive": ("data", "archive back_up backup"),
    "subscribe": ("implementation", "subscribe"),
    "unsubscribe": ("implementation", "unsubscribe"),
    "commit": ("version_control", "commit"),
    "push": ("version_control", "push"),
    "pull": ("version_control", "pull"),
    "rebase": ("version_control", "rebase squash cherry_pick"),
    "branch": ("version_control", "branch checkout check_out"),
    "open": ("operations", "open reopen"),
    "close": ("operations", "close"),
    "send": ("operations", "send notify email post"),
    "download": ("operations", "download clone"),
    "upload": ("operations", "upload"),
    "sign_in": ("operations", "log_in sign_in"),
    "sign_out": ("operations", "log_out sign_out"),
    "plan": ("planning", "plan propose suggest recommend brainstorm estimate"),
}

_OPPOSED: Final = [tuple(part.split() for part in line.split("|")) for line in VERBS.strip().splitlines()]
_TAKEN: Final = {word for _, words in _WORDS.values() for word in words.split()}


def _opposed() -> dict[str, tuple[str, str]]:
    """Actions that have an opposite, as far as no other action has their words."""
    found: dict[str, tuple[str, str]] = {}
    for ones, others, [intent] in _OPPOSED:
        for side in (ones, others):
            if intent != "-" and (words := [word for word in side if word not in _TAKEN]):
                found[words[0]] = intent, " ".join(words)
    return found


_OPPOSITES: Final = _opposed()
_ALL: Final = {**_WORDS, **_OPPOSITES}

INTENTS: Final[Mapping[str, str]] = {action: intent for action, (intent, _) in _ALL.items()} | {AVOID: GENERAL}
"""The kind of work of each action."""

ACTIONS: Final[Mapping[tuple[str, ...], str]] = {
    tuple(word.split("_")): action for action, (_, words) in _ALL.items() for word in words.split()
}
"""The action that a verb asks for, which may be several words."""

LONGEST: Final = max(map(len, ACTIONS))

PARTICLES: Final = frozenset({"up", "out", "off", "on", "down", "back", "over"})
"""What may stand apart from its verb: speed it up."""

NOUNS_TOO: Final = words_of(
    "test log list format cache index build release review report patch design profile time order import export "
    "query document comment branch commit push pull merge check set support display print record monitor alert "
    "block lock sign plan trace mock fake stub switch swap port move change update fix call post email tune cover "
    "branch load dump backup pin open close count upload download search find refresh reset restore label head "
    "draft cut split get read put show mask stage stash refund shard partition zip pack wrap mount register lowercase uppercase "
    "pause resume ban blacklist whitelist escape hash encode decode"
)
"""Words that can just as well be nouns."""

_EDITS: Final = (
    "fix add refactor replace rename move configure improve increase decrease enable disable optimize show hide cache log "
    "type"
)

_NEAR: Final = {
    "add": "configure improve throttle prevent allow export import extract convert sort seed monitor install",
    "change": f"{_EDITS} document convert sort upgrade allow prevent renew translate set format apply throttle",
    "fix": "prevent replace refactor improve lint",
    "improve": "optimize refactor document",
    "extract": "move refactor split",
    "refactor": "inline split delete",
    "replace": "convert",
    "list": "find query count show check",
    "find": "query explain check investigate count",
    "explain": "investigate summarize",
    "deploy": "publish",
    "install": "configure",
    "run": "apply start",
    "upgrade": "install",
    "prevent": "disable",
    "allow": "enable",
    "skip": "disable",
    "lint": "format run",
    "revert": "downgrade",
    "check": "test",
}
_NOT_NEAR: Final = frozenset({frozenset({"refactor", "delete"}), frozenset({"find", "fix"})})

_FOR_MANY: Final = (
    "add",
    "change",
    "set",
    "run",
    "allow",
    "prevent",
    "enable",
    "disable",
    "configure",
    "delete",
    "fix",
)
"""What many things are done by: to be let in is to be granted."""

NEAR: Final = (
    frozenset(frozenset({one, other}) for one, others in _NEAR.items() for other in others.split()) - _NOT_NEAR
) | frozenset(frozenset({one, other}) for one in _OPPOSITES for other in _FOR_MANY)
"""Pairs of actions that people say for the same work; all others differ."""


def differ(one: str, other: str) -> bool:
    """Whether both actions are known and are not the same work."""
    return bool(one and other) and one != other and frozenset({one, other}) not in NEAR
