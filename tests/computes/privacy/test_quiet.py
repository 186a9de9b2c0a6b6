"""The cheap look agrees with the careful one: what it lets pass has nothing that any rule would find."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loopgraph.computes.privacy.commands import COMMANDS
from loopgraph.computes.privacy.names import Kind, kind_of
from loopgraph.computes.privacy.quiet import _is_plain, is_machine_id, is_quiet
from loopgraph.computes.privacy.redaction import MARKER, Redactor
from loopgraph.computes.privacy.standard_input import READERS, WRITERS
from support.secret_examples import FORMS, PLAIN_NAMES, SECRET_NAMES

CAREFUL = Redactor(emails=True)

PLAIN = re.compile(r"(?:(?!-)[A-Za-z0-9._~-]{0,14}+[ ,/()!?;+*]++)*+(?!-)[A-Za-z0-9._~-]{0,14}+")
"""Words that are too short for a token and do not begin like an option, on one line."""

WORDS = sorted(
    {
        *(word for command in COMMANDS for word in f"{command.names} {command.options} {command.behind}".split()),
        *(word for reader in READERS for word in reader.names.split()),
        *(word for writer in WRITERS for word in writer.split()),
        *(piece for form in FORMS.values() for piece in re.split(r"(?<=[-_.])", form)[:3]),
        *SECRET_NAMES,
        *PLAIN_NAMES,
        *[
            "bearer",
            "Basic",
            "login",
            "password",
            "net",
            "use",
            "identified",
            "by",
            "-u",
            "--password",
            "1",
            "0",
            "hunter2",
            "S3cret9",
            "abc",
            "a/b@c",
            "x=y",
            "1//0",
            "/user",
        ],
    }
)
TEXTS = st.lists(
    st.tuples(
        st.sampled_from(WORDS) | st.from_regex(r"[A-Za-z0-9._/~-]{1,20}", fullmatch=True),
        st.sampled_from(" ,/.-_;\n\t"),
    ),
    min_size=1,
    max_size=8,
).map(lambda pieces: "".join(word + sign for word, sign in pieces))


@pytest.mark.lengthy
@given(TEXTS | st.text(st.sampled_from("aZ09._~- ,/()!?;+*=\n'@"), max_size=40))
@example("")
@example("a" * 14)
@example("a" * 15)
@example("a-b.c_d~e-f0123 x")
@example("a -u")
@example("-u")
def test_plain_is_what_the_expression_says(text: str) -> None:
    assert _is_plain(text.encode()) is (PLAIN.fullmatch(text) is not None)


@pytest.mark.lengthy
@given(TEXTS)
@example("value 3 of some length a1b2c3")
@example("aws configure set aws_secret_access_key x7")
@example("net user bob S3cret9 /add")
def test_what_is_quiet_has_nothing_that_the_careful_look_finds(text: str) -> None:
    for part in (text, text.strip(), text.split("\n", maxsplit=1)[0]):
        if is_quiet(part, part.lower()):
            assert CAREFUL._look_carefully(part, part.lower()) == part


@pytest.mark.parametrize("name", sorted(SECRET_NAMES))
def test_no_secret_is_quiet(name: str) -> None:
    for text in (f"{name}=x", f"{name}: x", f"--{name} x", f'"{name}": "x"', f"set {name} x"):
        assert not is_quiet(text, text.lower()) or kind_of(name) is Kind.PLAIN


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_no_token_is_quiet(form: str) -> None:
    assert not is_quiet(form, form.lower())
    assert not is_quiet(f"it is {form}", f"it is {form}".lower())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ls",
        "value 3 of some length",
        "src/main.py",
        "848bada5d8d140e088a419afed8b4528",
        "9328709e-32c3-48a1-b15e-48dbab92e405",
        "6a2fadca42d1461888caaa7b7eee0696/00ab",
        "Bash",
        "1.5",
    ],
)
def test_ids_and_plain_words_are_quiet(text: str) -> None:
    assert is_quiet(text, text.lower())


def test_what_somebody_added_is_found_in_quiet_texts() -> None:
    assert Redactor(extra_patterns=("plain",)).redact_text("a plain text") == f"a {MARKER} text"
    assert Redactor(extra_patterns=("cafe",)).redact_text("cafe00") == f"{MARKER}00"
    assert Redactor(extra_names=("cafe",)).redact_text("cafe=00") == f"cafe={MARKER}"


@pytest.mark.lengthy
@given(st.lists(TEXTS, max_size=5))
def test_one_look_at_the_texts_of_a_map_finds_what_looks_at_each_find(texts: list[str]) -> None:
    for names in ((), ("hunter",)):
        each = [Redactor(names).redact_text(text) for text in texts]
        assert Redactor(names).redact({f"a{i}": text for i, text in enumerate(texts)}) == dict(
            zip((f"a{i}" for i in range(len(texts))), each, strict=True)
        )


def test_one_look_at_the_texts_of_a_map_finds_what_somebody_added() -> None:
    assert Redactor(extra_patterns=("plain",)).redact({"a": "a plain text", "b": 1}) == {
        "a": f"a {MARKER} text",
        "b": 1,
    }
    assert Redactor(extra_names=("cafe",)).redact({"a": "nothing", "b": "cafe=00"}) == {
        "a": "nothing",
        "b": f"cafe={MARKER}",
    }
    assert Redactor().redact({"a": "short words", "password": "hunter2"}) == {"a": "short words", "password": MARKER}


@pytest.mark.parametrize(
    "text",
    [
        "0198b2c4-7d1e-7f00-9a3b-0123456789ab",
        "toolu_01A09q90qw90lq917835lq9QX",
        "0198b2c4-7d1e-7f00-9a3b-0123456789ab/msg_bdrk_01XFDUDYJgAACzvnptvVoYEL",
        "call_9RfXk2mQw7LzP0aBcDeFgHiJ",
    ],
)
def test_ids_of_machines_are_harmless(text: str) -> None:
    assert is_machine_id(text)
    assert CAREFUL.redact_text(text) is text


@pytest.mark.parametrize("form", FORMS.values())
def test_no_form_of_a_secret_passes_for_the_id_of_a_machine(form: str) -> None:
    assert not is_machine_id(form)
    assert not is_machine_id(f"0198b2c4-7d1e-7f00-9a3b-0123456789ab/{form}")
