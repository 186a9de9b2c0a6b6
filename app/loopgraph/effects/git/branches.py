"""Committing a change on a branch of its own, beside what somebody works on: neither the work tree, nor the index, nor what is
checked out is touched."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from loopgraph.errors import Conflict, InvalidInput, SetupError

_GIT: Final = ("git", "--no-pager", "-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")
_ENVIRONMENT: Final = {
    "LC_ALL": "C",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
}


class Branches:
    """The branches of the repository that a folder is in. Each method blocks; raises InvalidInput where git refuses."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def top(self) -> Path:
        """The work tree."""
        return Path(os.fsdecode(self._git("rev-parse", "--show-toplevel").removesuffix(b"\n")))

    def text(self, path: str) -> str | None:
        """What a file says in the commit that is checked out; None where that has no such file."""
        if self._entry(path) is None:
            return None
        try:
            return self._git("cat-file", "blob", f"HEAD:{path}").decode()
        except UnicodeDecodeError as error:
            raise InvalidInput(path, "is not UTF-8") from error

    def commit(self, branch: str, path: str, text: str, message: str) -> str:
        """The sha of a new commit on a new branch: what is checked out, with another text in one of its files.

        The file keeps its mode. Raises Conflict where there is such a branch.
        """
        self._git("check-ref-format", f"refs/heads/{branch}", field="--branch")
        if branch.startswith("-"):
            raise InvalidInput("--branch", f"{branch!r} cannot be the name of a branch")
        entry, head = self._entry(path), self._git("rev-parse", "--verify", "HEAD^{commit}").decode().strip()
        if entry is None:
            raise InvalidInput(path, "is no file of the commit that is checked out")
        blob = self._git("hash-object", "-w", "--no-filters", "--stdin", stdin=text.encode()).decode().strip()
        with tempfile.TemporaryDirectory() as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self._git("read-tree", head, more=index)
            self._git("update-index", "--cacheinfo", f"{entry},{blob},{path}", more=index)
            tree = self._git("write-tree", more=index).decode().strip()
        commit = self._git("commit-tree", tree, "-p", head, "-F", "-", stdin=message.encode()).decode().strip()
        try:
            self._git("update-ref", "-m", "loopgraph apply", f"refs/heads/{branch}", commit, "0" * len(commit))
        except InvalidInput as error:
            raise Conflict("branch", branch, "is there already, or another one stands in its way") from error
        return commit

    def _entry(self, path: str) -> str | None:
        """The mode of a file in the commit that is checked out."""
        listed = self._git("ls-tree", "-z", "--full-tree", "HEAD", "--", path)
        mode, _, rest = listed.decode("utf-8", "replace").partition(" ")
        return mode if rest.startswith("blob") and mode.startswith("100") else None

    def _git(
        self, *arguments: str, stdin: bytes = b"", more: dict[str, str] | None = None, field: str = "path"
    ) -> bytes:
        # Variables such as GIT_DIR point elsewhere when a hook starts this program; who commits is the user's own.
        kept = {
            name: value
            for name, value in os.environ.items()
            if not re.match("GIT_(?!CONFIG_|EXEC_PATH$|AUTHOR_|COMMITTER_)", name)
        }
        try:
            done = subprocess.run(
                (*_GIT, "-C", str(self._folder), *arguments),
                input=stdin,
                capture_output=True,
                check=False,
                env=kept | _ENVIRONMENT | (more or {}),
            )
        except FileNotFoundError as error:
            raise SetupError("the program git was not found; install git 2.30 or later") from error
        if done.returncode:
            words = " ".join(done.stderr.decode("utf-8", "replace").split())
            raise InvalidInput(field, f"git refuses: {words[:300] or f'it ends with {done.returncode}'}")
        return done.stdout
