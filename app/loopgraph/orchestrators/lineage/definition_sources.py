"""Where definitions are: what projects, a user's folders and plugins hold, by the repository or folder that keeps it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from loopgraph.computes.definitions.places import Layout, Place, Places, Spot
from loopgraph.computes.definitions.plugins import MANIFESTS, Plugin, plugins_of
from loopgraph.contracts.lineage.definitions import DefinitionOrigin
from loopgraph.effects.definitions.files import Found, find, read_all, readable, submodules, work_tree_of
from loopgraph.effects.definitions.user_folders import UserFolders, extensions, installed_plugins
from loopgraph.errors import InvalidInput

OWN_SCOPE: Final = "own"
"""Stands for the scope of a repository until that is known."""

_NOT_WRITTEN: Final = {
    Layout.CLAUDE: ("plugins", "projects"),
    Layout.CODEX: ("sessions", "archived_sessions", "tmp"),
    Layout.AGENTS: (),
    Layout.GEMINI: ("extensions", "tmp"),
    Layout.COPILOT: ("session-state", "history-session-state", "logs", "pkg", "installed-plugins"),
    Layout.CURSOR: ("extensions", "projects", "chats", "plugins"),
    Layout.OPENCODE: (),
}
"""Folders of a user's clients in which the clients keep what they do, which can be much, and what has owners of its own."""

_LONGEST_SCOPE: Final = 255
_MANIFEST_BYTES: Final = 4_000_000


@dataclass
class Source:
    """A repository (``git``), or a folder outside git. ``seen`` are the files of definitions by their paths in it; ``looked_at``
    says of each place whether all of it was; ``asked_for`` is what was named, and not only found. ``held`` are the folders of
    projects that lead to files of ``exact``: there they hold, too. ``former`` are files of earlier states by their paths, the
    earliest first, as installed side by side."""

    title: str
    folder: Path
    git: bool
    bare: bool = False
    asked_for: bool = False
    places: list[Place] = field(default_factory=list)
    exact: dict[str, Spot] = field(default_factory=dict)
    seen: dict[str, Path] = field(default_factory=dict)
    looked_at: dict[Place, bool] = field(default_factory=dict)
    held: dict[str, set[Path]] = field(default_factory=dict)
    former: dict[str, list[tuple[Spot, Path]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def folders_of(self, path: str) -> list[str]:
        """The folders in which the definition at a path holds."""
        return sorted({readable(folder) for folder in (self.folder, *self.held.get(path, ()))})


class Sources:
    """Collects them. Raises InvalidInput (field ``path``) for a folder that is not there."""

    def __init__(self, home: Path) -> None:
        self._home = Path(os.path.realpath(home))
        self._found: dict[tuple[Path, bool], Source] = {}
        self._avoid: list[Path] = []
        self._work_tree = cache(work_tree_of)

    @property
    def found(self) -> list[Source]:
        """Those that hold something, or were asked for."""
        return [source for source in self._found.values() if source.places or source.seen]

    def add_user(self, folders: UserFolders, login: str) -> None:
        """The user's folders, with the plugins and extensions that are installed in them. By the ``login`` people are told apart
        who share a graph, and one is the same on every machine."""
        self._avoid += folders
        kinds = (
            (Layout.CLAUDE, folders.claude, ".claude"),
            (Layout.CODEX, folders.codex, ".codex"),
            (Layout.AGENTS, folders.agents, ".agents"),
            (Layout.GEMINI, folders.gemini, ".gemini"),
            (Layout.COPILOT, folders.copilot, ".copilot"),
            (Layout.CURSOR, folders.cursor, ".cursor"),
            (Layout.OPENCODE, folders.opencode, ".config/opencode"),
        )
        for layout, folder, known_as in kinds:
            if folder.is_dir():
                place = Place(layout, DefinitionOrigin.USER, f"user:{login}"[:_LONGEST_SCOPE], known_as=known_as)
                self._add("user", folder, [place], find(folder, [folder / name for name in _NOT_WRITTEN[layout]]))
        for plugin in installed_plugins(folders.claude):
            found = find(plugin.folder)
            known = _plugins(found)
            its = next((one for one in known if one.name == plugin.name), None) or Plugin(plugin.name, "")
            place = _place_of(its, Layout.PLUGIN)
            self._add(f"plugin {plugin.name}", plugin.folder, [place], found, installed=True, theirs=True)
            for folder in plugin.former:
                self._add_former(plugin.folder, folder, place)
        for extension in extensions(folders.gemini):
            place = _place_of(Plugin(extension.name, ""), Layout.EXTENSION)
            found = find(extension.folder)
            self._add(f"extension {extension.name}", extension.folder, [place], found, installed=True, theirs=True)

    def add_project(self, path: Path) -> None:
        """The project that a folder is, or is in: its repository, where there is one."""
        folder = Path(os.path.realpath(path.expanduser()))
        if not folder.is_dir():
            raise InvalidInput("path", f"{str(path)!r} is no folder; give that of a project")
        if (folder / "HEAD").is_file() and (folder / "objects").is_dir():
            name = readable(folder.name).removesuffix(".git")
            bare = self._source(f"project {name}", folder, git=True)
            bare.bare = bare.asked_for = True
            bare.places.append(_project(OWN_SCOPE, name))
            return
        root = self._work_tree(folder)
        git, root = root is not None, root or folder
        name = readable(root.name)
        title = f"project {name}"
        if root == self._home or root in self._home.parents:
            self._source(title, root, git=False).places.append(_project(scope_of_folder(root), name))
            note = "it holds your home, and is not looked through: your own folders are looked at, other projects by their paths"
            self._found[root, False].notes.append(note)
            return
        found = find(root, self._avoid)
        places = [_project(OWN_SCOPE if git else scope_of_folder(root), name)]
        places += (_place_of(plugin, Layout.PLUGIN) for plugin in _plugins(found))
        self._add(title, root, places, found, theirs=True)
        self._found[root, git].asked_for = True
        for inside in submodules(root):
            if (inside, True) not in self._found:
                self.add_project(inside)
                self._found[inside, True].asked_for = False

    def _add(
        self,
        title: str,
        root: Path,
        places: Sequence[Place],
        found: Found,
        *,
        installed: bool = False,
        theirs: bool = False,
    ) -> None:
        """What was found below a root, and what its places make of it. What is ``installed`` is no part of a repository around
        it; what is ``theirs`` may be somebody else's work, whose links must not bring files of the user's into the graph."""
        root = Path(os.path.realpath(root))
        top = self._work_tree(root)
        if installed and top != root:
            top = None
        main = self._source(title, top or root, git=top is not None)
        inside = "" if top is None or top == root else readable(root.relative_to(top))
        shown = readable(root)
        moved = [place.within(inside) for place in places]
        main.places += moved
        main.looked_at |= dict.fromkeys(moved, found.whole)
        if found.cut:
            main.notes.append(f"there are very many folders in {shown}, and not all were looked at")
        main.notes += (f"{folder} could not be read" for folder in found.unread)
        table = Places(places)
        # A link to a file that is a definition itself is the same one; of any other file, it is what makes it one.
        links = {path: real for path, real in found.links.items() if not _is_one(table, shown, real)}
        for path, real in (found.files | links).items():
            spot = table.spot(path)
            if spot is None:
                continue
            lies_in = top if installed else self._work_tree(real.parent)
            if theirs and not self._may_lead_to(real, root):
                main.notes.append(
                    f"{path} leads to {readable(real)}, which is no file of a project or of yours, and is left out"
                )
                continue
            if lies_in == top and readable(real) == f"{shown}/{path}":
                main.seen[f"{inside}/{path}" if inside else path] = real
            elif lies_in is None:
                outside = self._source(title, root, git=False)
                outside.exact[path], outside.seen[path] = spot, real
            else:
                other, elsewhere = self._source(title, lies_in, git=True), readable(real.relative_to(lies_in))
                other.exact[elsewhere], other.seen[elsewhere] = spot, real
                if theirs and not installed:
                    other.held.setdefault(elsewhere, set()).add(top or root)

    def _add_former(self, root: Path, folder: Path, place: Place) -> None:
        """What was found below the folder of another state of what is installed at a root."""
        main = self._found.get((Path(os.path.realpath(root)), False))
        if main is None:  # it is a repository, and has its history
            return
        table = Places([place])
        for path, real in find(folder).files.items():
            if spot := table.spot(path):
                main.former.setdefault(path, []).append((spot, real))

    def _may_lead_to(self, real: Path, root: Path) -> bool:
        """Whether a path of a project may lead to a file: to one of its own, of the user's definitions, or a text of another
        repository."""
        if real.is_relative_to(root) or any(real.is_relative_to(os.path.realpath(folder)) for folder in self._avoid):
            return True
        return real.suffix == ".md" and self._work_tree(real.parent) is not None

    def _source(self, title: str, folder: Path, *, git: bool) -> Source:
        return self._found.setdefault((folder, git), Source(title, folder, git))


def _is_one(table: Places, root: str, file: Path) -> bool:
    path = readable(file)
    return path.startswith(f"{root}/") and table.spot(path[len(root) + 1 :]) is not None


def places_of(places: Iterable[Place], manifests: dict[str, str]) -> list[Place]:
    """The places of a project, with those of the plugins that its manifests name."""
    return [*places, *(_place_of(plugin, Layout.PLUGIN) for plugin in plugins_of(manifests))]


def is_manifest(path: str) -> bool:
    """Whether a file says which plugins there are."""
    return path.endswith(MANIFESTS)


def scope_of_folder(folder: Path) -> str:
    """The scope of a project outside git."""
    scope = f"folder:{readable(folder)}"
    if len(scope) <= _LONGEST_SCOPE:
        return scope
    return f"folder:{hashlib.sha256(os.fsencode(folder)).hexdigest()}"


def _project(scope: str, title: str) -> Place:
    return Place(Layout.PROJECT, DefinitionOrigin.PROJECT, scope, title=title or "skill")


def _place_of(plugin: Plugin, layout: Layout) -> Place:
    scope = f"plugin:{plugin.name}"[:_LONGEST_SCOPE]
    return Place(layout, DefinitionOrigin.PLUGIN, scope, prefix=plugin.root, plugin=plugin, title=plugin.name)


def _plugins(found: Found) -> list[Plugin]:
    files = ((path, real) for path, real in found.files.items() if is_manifest(path))
    return plugins_of({path: content.text for path, content in read_all(files, _MANIFEST_BYTES).items()})
