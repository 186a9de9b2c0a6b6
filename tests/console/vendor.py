"""Brings the libraries of the console, as ``vendor.json`` pins them: ``PYTHONPATH=tests python -m console.vendor``.

Each package is taken from the registry that npm is set up for, checked against the integrity that is written down, and only the
files that are named are kept, with its licence. An import of another package becomes one of the file beside it, since browsers
know no package names. ``--check`` changes nothing, and says what differs from what is written down.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from loopgraph.console import FOLDER

VENDOR = FOLDER / "vendor"
PINNED = VENDOR / "vendor.json"


def fetched(package: str, version: str, integrity: str, folder: Path) -> tarfile.TarFile:
    """The package as the registry has it. Raises SystemExit if it is not the one that was pinned."""
    command = ["npm", "pack", "--silent", f"{package}@{version}", "--pack-destination", str(folder)]
    name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]
    archive = folder / name
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != integrity:
        raise SystemExit(f"{package}@{version} is {found}, and {integrity} is pinned")
    return tarfile.open(archive)


def browser_text(text: str, imports: dict[str, str]) -> str:
    """A module whose imports of packages are imports of files, without the reference to a map that is not there."""
    for package, file in imports.items():
        for quote in "\"'":
            text = text.replace(f"from{quote}{package}{quote}", f"from{quote}./{file}{quote}")
            text = text.replace(f"from {quote}{package}{quote}", f"from {quote}./{file}{quote}")
    return "\n".join(line for line in text.splitlines() if not line.startswith("//# sourceMappingURL")) + "\n"


def files_of(entry: dict[str, Any], folder: Path) -> dict[str, str]:
    """The texts of the files of one package, by their names here."""
    with fetched(entry["package"], entry["version"], entry["integrity"], folder) as archive:

        def text(name: str) -> str:
            member = archive.extractfile(f"package/{name}")
            assert member is not None, name
            return member.read().decode()

        kept = {here: browser_text(text(there), entry.get("imports", {})) for here, there in entry["files"].items()}
        licence = f"{entry['package'].replace('/', '-').lstrip('@')}.LICENSE"
        return {**kept, licence: text(entry["licence_file"])}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    pinned = json.loads(PINNED.read_text())
    with TemporaryDirectory() as folder:
        texts = {name: text for entry in pinned["packages"] for name, text in files_of(entry, Path(folder)).items()}
    digests = {name: digest(text) for name, text in sorted(texts.items())}
    if check:
        differing = [
            name for name in digests.keys() | pinned["sha256"].keys() if digests.get(name) != pinned["sha256"].get(name)
        ]
        print(*(f"{name} differs" for name in differing), sep="\n")
        return bool(differing)
    for name, text in texts.items():
        (VENDOR / name).write_text(text)
    PINNED.write_text(json.dumps({**pinned, "sha256": digests}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
