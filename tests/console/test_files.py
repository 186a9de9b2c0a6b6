"""The files of the console as they stand, without a browser."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from loopgraph.assets import asset
from loopgraph.console import FOLDER

OWN = sorted(path for path in FOLDER.rglob("*.js") if "vendor" not in path.parts)
DOCUMENTS = sorted(path.stem for path in asset("graphql", "operations", "console").glob("*.graphql"))
IMPORT = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*["']([^"'\n]+)["']""")


def names(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.js")), ids=names)
def test_what_a_module_imports_is_there(path: Path) -> None:
    for target in IMPORT.findall(path.read_text()):
        assert target.startswith("."), f"a browser knows no package {target}"
        assert (path.parent / target).resolve().is_file(), target


@pytest.mark.parametrize("path", OWN, ids=names)
def test_what_people_wrote_never_becomes_markup(path: Path) -> None:
    text = path.read_text()
    for way in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "srcdoc",
        "javascript:",
    ):
        assert way not in text, way


@pytest.mark.parametrize("path", OWN, ids=names)
def test_a_number_agrees_with_what_it_counts(path: Path) -> None:
    """``counted`` says "1 trace" and "2 traces"; of a part ("3 of 5 steps") there are several."""
    for line in path.read_text().splitlines():
        for found in re.finditer(r"\$\{count\([^{}]*\)\}(?: [a-z]+)?? (?:[a-z]{2,}[^aius ])s\b", line):
            assert line[: found.start()].endswith(("} of ", " of the ")), f"use counted(): {found[0]}"


def test_the_page_has_no_script_and_no_style_of_its_own() -> None:
    text = (FOLDER / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text)
    for address in re.findall(r'(?:href|src)="([^"]+)"', text):
        assert address == "graphql" or (FOLDER / address.removeprefix("console/")).is_file(), address


STATIC = re.compile(r"""^(?:import|export)\b[^;]*?\bfrom\s+["']([^"']+)["']""", re.MULTILINE)


def test_all_modules_of_the_first_view_are_fetched_at_once() -> None:
    """Without that a browser learns of each only once it has read the one that imports it."""
    found, waiting = set[Path](), [FOLDER / "app.js", FOLDER / "pages/start.js"]
    while waiting:
        path = waiting.pop()
        found.add(path)
        targets = {(path.parent / target).resolve() for target in STATIC.findall(path.read_text())}
        waiting += targets - found
    text = (FOLDER / "index.html").read_text()
    preloaded = set(re.findall(r'<link rel="modulepreload" href="console/([^"]+)"', text))
    assert preloaded == {path.relative_to(FOLDER).as_posix() for path in found} - {"app.js"}


ASKED = re.compile(
    r"""(?:(?:[qQ]uery|mutate|useSubscription|subscribe|usePages)\((?:[\w.]+ \? )?|\boperation(?:=|: ))"(\w+)\""""
)


def test_all_operations_are_documents_and_all_documents_are_used() -> None:
    asked = {name for path in OWN for name in ASKED.findall(path.read_text())}
    assert asked == set(DOCUMENTS)


def test_the_libraries_are_those_that_were_pinned() -> None:
    vendor = FOLDER / "vendor"
    pinned = json.loads((vendor / "vendor.json").read_text())
    there = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in vendor.iterdir()
        if path.suffix not in (".json", ".ts")
    }
    assert there == pinned["sha256"]
    assert {entry["licence"] for entry in pinned["packages"]} <= {"MIT", "Apache-2.0", "BSD-3-Clause", "ISC"}


@pytest.mark.parametrize("path", sorted((FOLDER / "style").glob("*.css")), ids=names)
def test_rules_stand_in_no_other_rule(path: Path) -> None:
    """A browser says nothing of a brace that is missing: all that comes after it holds nowhere."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    within: list[str] = []
    for head, brace in re.findall(r"([^{}]*)([{}])", text):
        if brace == "}":
            within.pop()
            continue
        assert all(outer.startswith("@") for outer in within), f"{head.strip()} stands in {within[-1]}"
        within.append(head.strip().rpartition(";")[2].strip())
    assert within == []
