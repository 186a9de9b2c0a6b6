"""Real git repositories for tests, made by git."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterable
from pathlib import Path

A, B, C, D = (("".join(f"{name} line {n}\n" for n in range(20))) for name in "abcd")
"""Contents of which none is a rename of another."""


class Repo:
    """A repository under construction; commits are a minute apart."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.minute = 0
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main", *options)

    def git(self, *arguments: str, stdin: bytes = b"", check: bool = True) -> str:
        self.minute += 1
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_AUTHOR_DATE": f"{1_700_000_000 + 60 * self.minute} +0530",
            "GIT_COMMITTER_NAME": "Carl",
            "GIT_COMMITTER_EMAIL": "carl@example.org",
            "GIT_COMMITTER_DATE": f"{1_700_000_000 + 60 * self.minute} -0800",
        }
        command = ["git", "-C", str(self.folder), *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, check=False, env=environment)
        assert not check or done.returncode == 0, (arguments, done.stderr)
        return done.stdout.decode("utf-8", "backslashreplace").strip()

    def write(self, path: str, content: str | bytes) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(self, message: str = "a change", **files: str | None) -> str:
        """Commits what is in the work tree; ``files``: content by path (``__`` for ``/``, ``_md`` for ``.md``)."""
        for name, content in files.items():
            path = name.replace("__", "/").replace("_md", ".md")
            if content is None:
                (self.folder / path).unlink()
            else:
                self.write(path, content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--allow-empty-message", "--message", message)
        return self.git("rev-parse", "HEAD")

    def merge(self, *branches: str, **files: str | None) -> str:
        """Merges by hand: the result is the current branch's files, changed by ``files``."""
        tips = [self.git("rev-parse", branch) for branch in ("HEAD", *branches)]
        self.commit("to be replaced", **files)
        tree = self.git("rev-parse", "HEAD^{tree}")
        sha = self.git("commit-tree", tree, *(word for tip in tips for word in ("-p", tip)), "-m", "a merge")
        self.git("reset", "--quiet", "--hard", sha)
        return sha

    def fast_import(self, stream: Iterable[str]) -> None:
        self.git("fast-import", "--quiet", "--force", "--date-format=raw", stdin="".join(stream).encode())

    def rev_list(self, *arguments: str) -> list[str]:
        return self.git("rev-list", *arguments).split()


def random_history(seed: int, commits: int, paths: int = 12) -> Iterable[str]:
    """A fast-import stream: branches, merges of two and more, four roots, edits, deletions; many identical times."""
    rnd = random.Random(seed)
    heads: list[int] = []
    for mark in range(1, commits + 1):
        parents = rnd.sample(heads, min(len(heads), rnd.choice((1, 1, 1, 1, 2, 2, 3, 4))))
        if mark in (2, commits // 3, commits // 2):
            parents = []
        elif mark == commits:
            parents = heads
        heads = [head for head in heads if head not in parents or (len(heads) < 12 and rnd.random() < 0.6)] + [mark]
        branch = "main" if mark == commits else f"b{mark}"
        yield f"commit refs/heads/{branch}\nmark :{mark}\ncommitter A <a@b> {1_700_000_000 + mark // 5 * 60} +0000\n"
        yield f"data {len(str(mark))}\n{mark}\n"
        yield "".join(f"{'merge' if i else 'from'} :{parent}\n" for i, parent in enumerate(parents))
        for path in rnd.sample(range(paths), rnd.choice((0, 1, 2, 3))):
            if rnd.random() < 0.2:
                yield f"D f{path}\n"
            else:  # few contents, so that branches often agree by chance; too short to look like renames
                content = f"{path}{rnd.choice('xyz')}"
                yield f"M 644 inline f{path}\ndata {len(content)}\n{content}\n"
        yield "\n"


def octopus(parents: int, root: str) -> Iterable[str]:
    """A fast-import stream: a root, so many commits on it, and ``main``, which merges all of them."""
    for mark in range(1, parents + 3):
        yield f"commit refs/heads/main\nmark :{mark}\ncommitter A <a@b> {1_700_000_000 + mark} +0000\n"
        text = root if mark == 1 else str(mark)
        yield f"data {len(text)}\n{text}\n"
        if 1 < mark < parents + 2:
            yield "from :1\n"
        elif mark > 1:
            yield "from :2\n" + "".join(f"merge :{parent}\n" for parent in range(3, parents + 2))
        yield f"M 644 inline file\ndata {len(text)}\n{text}\n\n"
