"""Names as they may stand in a plan. Whoever makes a tool, a file, an agent or a key of JSON chooses its name, and what is
handed to an agent must not be words of theirs: a name that agent clients do not give, and that is no identifier of a few words,
or reads as an instruction or a secret, is told by its kind."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from loopgraph.computes.learning.requests.vocabulary import words_of
from loopgraph.computes.privacy.names import Kind, kind_of
from loopgraph.computes.privacy.redaction import Redactor

LONGEST: Final = 64
"""Characters of a name."""

_LONG: Final = 5
MOST_WORDS: Final = 3
"""Words in one, parted by signs or by capital letters: what has more is a sentence."""

MOST_WORDS_OF_MCP: Final = 4
"""Words in the name of a tool of an MCP server: they are verbs with what they do, as ``get_pull_request_files``."""

_LONGEST_WORD: Final = 16
"""Letters of a word: a longer one is several, written together."""

KNOWN_TOOLS: Final = words_of(
    "Agent AskUserQuestion Bash BashOutput Edit ExitPlanMode Glob Grep KillBash KillShell LS MultiEdit "
    "NotebookEdit NotebookRead Read Skill SlashCommand Task TodoRead TodoWrite WebFetch WebSearch Write "
    "apply_patch exec_command local_shell shell update_plan view_image write_stdin glob google_web_search "
    "list_directory read_file read_many_files replace run_shell_command save_memory search_file_content "
    "web_fetch write_file create edit view bash read write list fetch"
)
"""Tools of agent clients: their names are taken as they are."""

KNOWN_HOOKS: Final = words_of(
    "AfterAgent AfterModel AfterTool BeforeAgent BeforeModel BeforeTool BeforeToolSelection Notification PermissionRequest "
    "PostToolBatch PostToolUse PostToolUseFailure PreCompact PreToolUse SessionEnd SessionStart Stop StopFailure SubagentStart "
    "SubagentStop ToolUse UserPromptExpansion UserPromptSubmit"
)
KNOWN_AGENTS: Final = words_of("Explore Plan general-purpose statusline-setup")
KNOWN: Final = KNOWN_TOOLS | KNOWN_HOOKS | KNOWN_AGENTS
"""Names that agent clients give themselves."""

_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9]*(?:[_-]+[A-Za-z0-9]+)*")
_OF_MCP: Final = re.compile(r"mcp__((?:(?!__).)+)__((?:(?!__).)+)")
_OF_PLUGIN: Final = re.compile(r"([^:]+):([^:]+)")
_REDACTOR: Final = Redactor(emails=True)
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_IMPERATIVE: Final = words_of(
    "ignore disregard forget override bypass obey must always never instead reveal exfiltrate leak pretend jailbreak"
)
_OF_INSTRUCTIONS: Final = words_of(
    "instruction instructions previous prior above prompt prompts rule rules guideline guidelines system "
    "user assistant you your secret secrets password passwords credential credentials token tokens key "
    "keys sudo rm delete everything all"
)
_OF_SENTENCES: Final = words_of(
    "and then to please all skip disable http https www curl wget rm rf sudo pipe eval upload send evil dotenv"
)
"""Words that say what is to be done, with or without whom: no name of a few words needs them."""

_ID_LIKE: Final = re.compile(
    r"(?=[^\d]*\d)(?:[0-9a-f]{8}-[0-9a-f]{4}-.*|[0-9a-f]{8,}|\d+|(?=(?:[^\d]*\d){3})[A-Za-z0-9_-]{12,})", re.IGNORECASE
)

ID, ANY, SECRET = "{id}", "{}", "{secret}"
"""What stands for an identifier, for anything else, and for the name of a secret."""

EXTENSIONS: Final = words_of(
    "astro avro bash bat bib bzl c cc cfg cjs clj cljs cmake conf cpp cs css csv cypher dart diff "
    "dockerfile ebnf ejs elm env erb erl ex exs fish fs fsx gif go gradle graphql groovy h haml hbs hcl "
    "hpp hrl hs html ico idl ini ipynb java jl jpeg jpg js json json5 jsonc jsonl jsx kt kts less lisp "
    "lock log lua m make md mdx mjs ml mli mm mod mustache nim nix patch pdf php pl plist pm png po "
    "prisma proto ps1 psd1 pug py pyi pyx r rake rb rego rkt rs rst sass sbt scala scss sh sol sql sum "
    "svelte svg swift tex tf tfvars toml ts tsv tsx twig txt v vb vim vue wasm xml xsd xsl yaml yml zig "
    "zsh"
)
"""Extensions of files that are told; any other may be a word of somebody's."""

PROGRAMS: Final = words_of(
    "ansible apt apt-get awk aws az bash bazel black brew bun bundle cargo cat cd chmod chown clang cmake "
    "composer conda cp ctest curl cut cypher-shell date deno diff dig django-admin docker docker-compose "
    "dotnet du echo env eslint export fd ffmpeg find flake8 flask gcc gcloud gem gh git go golangci-lint "
    "gradle grep head helm hg http isort java javac jest jq julia just kubectl less ln ls lsof lua make "
    "md5sum mix mkdir mongosh mv mvn mypy mysql nc nginx node nox npm npx nuxt openssl php phpunit pip "
    "pip3 pipenv playwright pnpm poetry pre-commit prettier printf prisma ps psql pwd pyright pytest "
    "python python3 rails rake redis-cli rg rm rsync rspec rubocop ruby ruff rustc rustfmt rustup sbt scp "
    "sed sh sleep sort sqlite3 ssh stack strace svn swift systemctl tail tar tee terraform test time "
    "timeout touch tox tr tree tsc uniq unzip uv uvicorn vite vitest wc webpack wget which xargs yarn yq "
    "zip zsh"
)
"""Programs that are told; any other may be somebody's own."""


@lru_cache(maxsize=16_384)
def is_plain(name: str) -> bool:
    """Whether a name is one of clients or a short identifier, and does not read as an instruction or a secret."""
    if is_known(name):
        return True
    return _is_short(name, MOST_WORDS) and not _is_secret(name)


@lru_cache(maxsize=16_384)
def is_known(name: str) -> bool:
    """Whether a name is one that agent clients give, or of a tool of an MCP server: these need not be seen several times."""
    if name in KNOWN:
        return True
    if len(name) > LONGEST or not (parts := _OF_MCP.fullmatch(name)) or _is_secret(name):
        return False
    server, tool = parts.groups()
    of_server, of_tool = (not looks_like_id(part) for part in (server, tool))
    return of_server and of_tool and _is_short(server, MOST_WORDS) and _is_short(tool, MOST_WORDS_OF_MCP)


def _is_short(name: str, most: int) -> bool:
    if len(name) > LONGEST or not _IDENTIFIER.fullmatch(name):
        return False
    words = [word.lower() for word in _WORDS.findall(name)]
    if len(words) > most or any(len(word) > _LONGEST_WORD or word in _OF_SENTENCES for word in words):
        return False
    return not _reads_as_instruction(name, words)


def _is_secret(name: str) -> bool:
    """Whether there is a key or a token in it."""
    return _REDACTOR.redact_text(name) != name


def _reads_as_instruction(name: str, words: list[str]) -> bool:
    """Whether it orders something, and says what of: also where its words are not parted."""
    together = re.sub(r"[^a-z]", "", name.lower())
    orders = [word for word in _IMPERATIVE if word in together]
    of_it = [word for word in _OF_INSTRUCTIONS if word in words or (len(word) >= _LONG and word in together)]
    return bool(orders) and len(orders) + len(of_it) > 1


def plain(name: str | None, otherwise: str) -> str:
    """The name, or what is said in its place."""
    return name if name and is_plain(name) and not looks_like_id(name) else otherwise


def plain_or_none(name: str | None) -> str | None:
    """The name, if it may be told."""
    return name if name and is_plain(name) and not looks_like_id(name) else None


def defined(name: str | None, otherwise: str) -> str:
    """The name of a skill, a command or a subagent, which can be a plugin's (``plugin:name``), or what is said in its place."""
    return name if name and is_of_plugin(name) else plain(name, otherwise)


@lru_cache(maxsize=16_384)
def is_of_plugin(name: str) -> bool:
    """Whether it is ``plugin:name``, each of which may be told, of as few words as the name of a tool of an MCP server."""
    if len(name) > LONGEST or not (parts := _OF_PLUGIN.fullmatch(name)):
        return False
    words = [word.lower() for word in _WORDS.findall(name)]
    told = all(_is_short(part, MOST_WORDS) and not looks_like_id(part) for part in parts.groups())
    return told and len(words) <= MOST_WORDS_OF_MCP and not _reads_as_instruction(name, words) and not _is_secret(name)


def plain_names(names: Iterable[str]) -> tuple[str, ...]:
    """Those that may be told, each once, in order."""
    return tuple(sorted({name for name in names if plain_or_none(name)}))


def looks_like_id(name: str) -> bool:
    """Whether it is the id of something: hexadecimal, a number, or letters and digits mixed."""
    return bool(_ID_LIKE.fullmatch(name))


@lru_cache(maxsize=16_384)
def key_of_json(name: str) -> str:
    """The name of a member of JSON, or what stands for it."""
    if kind_of(name) is not Kind.PLAIN:
        return SECRET
    if looks_like_id(name):
        return ID
    return name if is_plain(name) and len(name) <= LONGEST else ANY


@lru_cache(maxsize=16_384)
def path_template(path: str) -> str:
    """The path of an address, without host, query and values: ``/users/{id}``. At most eight parts of it."""
    path = re.sub(r"^[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*", "", path).partition("?")[0].partition("#")[0]
    parts = [part for part in path.split("/") if part][:8]
    return "/" + "/".join(_part(part) for part in parts)


def _part(part: str) -> str:
    if looks_like_id(part):
        return ID
    return part if part in PARTS_OF_PATHS or is_plain(part) else ANY


PARTS_OF_PATHS: Final = words_of("api rest rpc graphql v1 v2 v3 v4 {} {id} {secret} health status search query items")
"""Parts of paths that are told though they were seen but once."""


ANY_FILE: Final = "*"


def extension_of(path: str) -> str:
    """The kind of a file: ``*.py``, or ``*``."""
    name = re.split(r"[/\\]", path)[-1]
    if name.lower() in ("dockerfile", "makefile"):
        return name.capitalize()
    _, dot, extension = name.rpartition(".")
    return f"*.{extension.lower()}" if dot and extension.lower() in EXTENSIONS else ANY_FILE


LOOKING: Final = words_of(
    "awk cat cd cut date diff du echo env find grep head jq less ls lsof printf ps pwd rg sed sleep sort tail test time tr "
    "tree true uniq wc which xargs"
)
"""Programs that look, and change nothing, or what a script of them is held together by: which of them is used in which order is
no way of its own."""

OTHER: Final = "other"
"""What stands for a program that is not known."""

_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*=(?:'[^']*'|\"[^\"]*\"|\S*)\s+")
_PARTS: Final = re.compile(r"&&|\|\||[;|\n]")
_BEFORE: Final = frozenset(
    {"sudo", "env", "time", "timeout", "nohup", "nice", "command", "exec", "xargs", "uv", "poetry", "pipenv"}
)
_RUNNERS: Final = frozenset({"npx", "bunx", "pnpx"})


def programs_of(command: str) -> tuple[str, ...]:
    """The programs that a command line runs, each once, in order: at most five, those that are not known as ``other``."""
    found: dict[str, None] = {}
    for part in _PARTS.split(command[:4_000])[:20]:
        if program := _program(part):
            found[program] = None
    if len(found) > 1:
        found.pop("cd", None)
    return tuple(found)[:5]


def _program(part: str) -> str | None:
    text = part.strip().lstrip("({ ")
    while match := _ASSIGNMENT.match(text):
        text = text[match.end() :]
    words = text.split()[:12]
    while words and (
        words[0] in _BEFORE or words[0] in _RUNNERS or words[0] in ("run", "--") or words[0].startswith("-")
    ):
        rest = [word for word in words[1:] if not re.fullmatch(r"\d+[smh]?", word)]
        if not rest:
            break
        words = rest
    if not words:
        return None
    name = words[0].rsplit("/", 1)[-1]
    if name in ("python", "python3") and len(words) > 2 and words[1] == "-m":
        return words[2] if words[2] in PROGRAMS else name
    if name in PROGRAMS:
        return name
    kind = extension_of(name)
    return kind if kind != ANY_FILE else OTHER
