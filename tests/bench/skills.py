"""Public repositories of skills, scanned as lineage and compared with git: ``make skills``.

Each is cloned (an address or a folder; ``SKILLS='…'`` names others), scanned into an embedded engine of its own, and scanned
again. Of every skill that is there, the commits of its versions must be those of ``git log --follow`` of its file, and the text
of each version the one that git shows. Prints a Markdown table; exits with 1 if anything differs.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from loopgraph.contracts.lineage.definitions import DefinitionKind
from loopgraph.contracts.lineage.git import ImportProgress
from loopgraph.contracts.lineage.scans import ScannedPattern, ScanState
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.schema import schema
from loopgraph.settings import Settings
from support.scanning import Scans

PUBLIC = ("https://github.com/obra/superpowers", "https://github.com/anthropics/skills")
COLUMNS = ("repository", "commits", "skills", "their versions", "as `git log --follow`", "in all", "scan", "again")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace")


async def same_as_git(scans: Scans, folder: Path, skill: ScannedPattern) -> bool:
    """Whether its versions are those that git tells of its file."""
    versions = {version.metadata["sha"]: version for version in await scans.versions(skill.pattern_id)}
    in_use = await scans.in_use(skill.pattern_id)
    assert in_use is not None, "it is there"
    followed = set(git(folder, "log", "--follow", "--format=%H", "--", in_use.metadata["path"]).split())
    merges = set(git(folder, "rev-list", "--merges", "HEAD").split())  # git log shows no changes of those
    texts = (
        version.metadata.get("deleted")
        or version.template_code == git(folder, "show", f"{sha}:{version.metadata['path']}")
        for sha, version in versions.items()
    )
    return versions.keys() - merges == followed - merges and all(texts)


async def scanned(graph: Graph, source: str, into: Path) -> bool:
    """Prints the row of a repository; whether all of it is as it should be."""
    name = "/".join(source.rstrip("/").split("/")[-2:])
    folder = into / name.replace("/", "-")
    await asyncio.to_thread(git, into, "clone", "--quiet", source, str(folder))
    scans, seconds, found = Scans(graph, into / "home"), [], []
    progress = ImportProgress()

    def keep(_: str, latest: ImportProgress) -> None:
        nonlocal progress
        progress = latest

    for _ in range(2):
        began = time.perf_counter()
        found = await scans.run(folder, report=keep)
        seconds.append(time.perf_counter() - began)
    every = [one for source_ in found for one in source_.patterns]
    skills = [one for one in every if one.identity.kind is DefinitionKind.SKILL and one.state is ScanState.UNCHANGED]
    same = [await same_as_git(scans, folder, one) for one in skills]
    again = all(one.state is ScanState.UNCHANGED for one in every)
    print(
        f"| {name} | {progress.commits:,} | {len(skills)} | {sum(one.versions for one in skills):,} | "
        f"{sum(same)} of {len(same)} | {progress.known:,} | {seconds[0]:.1f} s | {seconds[1]:.1f} s |",
        flush=True,
    )
    for one in [one for one, fits in zip(skills, same, strict=True) if not fits][:10]:
        print(f"{one.identity.name} ({one.path}) differs from git")
    return bool(skills) and all(same) and again


async def main(sources: list[str]) -> bool:
    """Scans all of them."""
    with tempfile.TemporaryDirectory() as folder:
        into = Path(folder)
        (into / "home").mkdir()
        async with Graph.open(Settings(graph_url=f"embedded:{into / 'graph'}")) as graph:
            await schema.prepare(graph)
            print(f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}", flush=True)
            return all([await scanned(graph, source, into) for source in sources])


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main(sys.argv[1:] or list(PUBLIC))) else 1)
