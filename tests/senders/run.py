"""Runs the senders as they are now, each in an environment of its own: ``python -m senders.run FOLDER [NAME…]``.

The folder keeps the environments. What a sender sends must come to what was recorded of it; one that cannot be installed here is
skipped, with the reason.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import venv
from pathlib import Path

from senders.expected import EXPECTED, check
from senders.record import run

SCRIPTS = Path(__file__).parent / "scripts"
_NPM = "// npm install "


class CannotInstall(Exception):
    """What a sender needs is not to be had here."""


def command(name: str, folder: Path) -> list[str]:
    """How a sender is run, once what its first line names is installed. Raises CannotInstall."""
    home = folder / name
    if (script := SCRIPTS / f"{name}.mjs").exists():
        [wanted] = [line for line in script.read_text().splitlines() if line.startswith(_NPM)]
        home.mkdir(parents=True, exist_ok=True)
        copy = home / script.name
        copy.write_text(script.read_text())  # it finds packages from where it is
        _install(["npm", "install", "--no-audit", "--no-fund", "--prefix", str(home), *wanted[len(_NPM) :].split()])
        return ["node", str(copy)]
    script = SCRIPTS / f"{name}.py"
    wanted = ast.get_docstring(ast.parse(script.read_text())) or ""
    python = home / "bin/python"
    if not python.exists():
        venv.create(home, with_pip=True, upgrade_deps=True)  # an older pip takes long to find versions that agree
    _install([str(python), "-m", *wanted.split()])
    return [str(python), str(script)]


def _install(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=900)
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        raise CannotInstall(said[-1] if said else str(error)) from error


def main(folder: Path, names: list[str]) -> int:
    """Runs some senders, or all; how many of them sent something else."""
    wrong = passed = skipped = 0
    for name in names or EXPECTED:
        try:
            check(name, run(command(name, folder)))
        except CannotInstall as error:
            skipped += 1
            print(f"skipped  {name}: {error}")
        except subprocess.CalledProcessError as error:
            wrong += 1
            print(f"FAILED   {name}: {error.stderr[-500:]}")
        except AssertionError as error:
            wrong += 1
            print(f"FAILED   {name}: {error}")
        else:
            passed += 1
            print(f"passed   {name}")
    print(f"{passed} passed, {wrong} failed, {skipped} skipped")
    return wrong


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]) > 0)
