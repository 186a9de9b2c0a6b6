"""Which names hide their values, in maps and in text alike."""

from __future__ import annotations

import json
from typing import Any

import pytest

from loopgraph.computes.privacy.redaction import MARKER, Redactor
from support.secret_examples import PLAIN_NAMES, SECRET_NAMES

redact, redact_text = Redactor().redact, Redactor().redact_text


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_secret_name_hides_its_value_in_maps_and_in_text(name: str) -> None:
    assert redact({name: "hunter2"}) == {name: MARKER}
    assert redact_text(f"x {name}=hunter2") == f"x {name}={MARKER}"
    assert redact_text(json.dumps({name: "hunter2", "n": 1})) == json.dumps({name: MARKER, "n": 1})


@pytest.mark.parametrize("name", PLAIN_NAMES)
def test_a_plain_name_hides_nothing(name: str) -> None:
    for value in ("hunter2", 4096, ["a"], {"a": "b"}):
        assert redact({name: value}) == {name: value}
    for text in (f"x {name}=hunter2", f"{name}: hunter2", json.dumps({name: "hunter2"}), f"--{name} hunter2"):
        assert redact_text(text) == text


@pytest.mark.parametrize("value", [1234, 0, 2.5, ["a"], {"a": "b"}, "x", " "])
def test_whatever_the_value_is(value: Any) -> None:
    assert redact({"credentials": value}) == {"credentials": MARKER}


@pytest.mark.parametrize("value", [None, True, False, "", [], {}])
def test_but_none_booleans_and_what_is_empty_tell_nothing(value: Any) -> None:
    assert redact({"password": value}) == {"password": value}


def test_pass_and_auth_hide_strings_only() -> None:
    assert redact({"pass": "hunter2", "auth": "bob:x"}) == {"pass": MARKER, "auth": MARKER}
    counted = {"pass": 12, "fail": 0, "auth": {"type": "oauth2"}}
    assert redact(counted) == counted
    assert redact_text("--- PASS: TestLogin (0.00s)\nPASS: 12") == "--- PASS: TestLogin (0.00s)\nPASS: 12"
    assert redact_text('auth="Zm9v" TEST_PASS=12 FTP_PASS=x1') == f'auth="{MARKER}" TEST_PASS=12 FTP_PASS={MARKER}'


def test_the_working_directory_is_no_password() -> None:
    environment = {"PWD": "/home/dev/proj", "OLDPWD": "/tmp", "pwd": "C:\\src"}
    assert redact(environment) == environment
    assert redact_text("PWD=/home/dev/proj") == "PWD=/home/dev/proj"
    assert redact_text("UID=sa;PWD=/x8Kd9;Database=a") == f"UID=sa;PWD={MARKER};Database=a"
