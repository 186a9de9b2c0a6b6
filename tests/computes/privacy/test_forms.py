"""Secrets that are recognised by their form."""

from __future__ import annotations

import base64
import json
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.privacy import forms as redaction_forms
from loopgraph.computes.privacy.redaction import MARKER, Redactor
from loopgraph.computes.privacy.tokens import TOKENS, Token
from support.secret_examples import FORMS, NO_TOKENS, PEM

redact_text = Redactor().redact_text


@pytest.mark.parametrize("form", FORMS)
def test_forms_are_known_wherever_they_stand(form: str) -> None:
    secret = FORMS[form]
    assert redact_text(secret) == MARKER
    for before, behind in (("see ", " there"), ('x("', '")'), ("a\n", "\nb"), ('{"out": "a\\n', '"}'), ("a=", "")):
        assert redact_text(before + secret + behind) == before + MARKER + behind


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: token.service)
def test_every_token_of_the_table_has_an_example(token: Token) -> None:
    example = FORMS[token.service]
    assert re.fullmatch(token.pattern, example, re.VERBOSE)
    assert re.search(token.probe, example.encode()), "the quick look must find it"


@pytest.mark.parametrize("text", NO_TOKENS)
def test_what_only_looks_like_a_token_stays(text: str) -> None:
    for around in ("{}", "see {} there", '{{"id": "{}"}}', "/x/{}/y", "a\n{}\nb"):
        assert redact_text(around.format(text)) == around.format(text)


@pytest.mark.lengthy
def test_an_image_in_base64_stays() -> None:
    image = "data:image/png;base64," + base64.b64encode(random.Random(7).randbytes(200_000)).decode()
    assert redact_text(image) == image
    assert redact_text(json.dumps({"source": {"type": "base64", "data": image}})).count(MARKER) == 0


def test_a_token_goes_from_the_path_of_an_address() -> None:
    text = "https://api.telegram.org/bot{}/getMe"
    assert redact_text(text.format(FORMS["Telegram"])) == f"https://api.telegram.org/{MARKER}/getMe"


def test_a_private_key_that_was_cut_off_goes_as_far_as_it_looks_like_one() -> None:
    assert redact_text(f'cat "{PEM[:70]}" x') == f'cat "{MARKER}" x'
    assert redact_text(PEM[:70]) == MARKER


def test_pem_in_json_and_two_of_them() -> None:
    text = json.dumps({"a": PEM, "b": f"{PEM}\n{PEM}", "c": "-----"})
    assert json.loads(redact_text(text)) == {"a": MARKER, "b": f"{MARKER}\n{MARKER}", "c": "-----"}


AWS_ID, AWS_SECRET = FORMS["AWS"], "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"


@pytest.mark.parametrize("between", [",", "\t", '", "', " and its key ", "\nAWS Secret: ", "\n  key = "])
def test_the_secret_key_of_aws_goes_with_its_id(between: str) -> None:
    clean = redact_text(f"{AWS_ID}{between}{AWS_SECRET} end")
    assert clean.startswith(MARKER)
    assert clean.endswith(f"{MARKER} end")
    assert AWS_SECRET not in clean


def test_checksums_and_digests_are_no_keys() -> None:
    for text in (
        "sha512-" + "a1B2c3D4e5/+" * 7 + "xY==",  # a package-lock.json
        "commit 5924618f8143662f7c4d61f93aa57f8772524fed",
        "sha256:" + "0123456789abcdef" * 4,
        "task-runner-version1-of-something",
        "desk_live_update_of_everything",
    ):
        assert redact_text(text) == text


def test_a_shared_access_signature_and_a_service_account() -> None:
    sas = "https://x.blob.core.windows.net/c?sv=2024-01-01&se=2026&sig=a1B2c3D4e5%2Ff6G7h8i9J0k1L2%3D"
    assert redact_text(sas) == f"{sas.partition('sig=')[0]}sig={MARKER}"
    account = {"type": "service_account", "project_id": "p", "private_key_id": "0a1b2c", "private_key": PEM}
    assert json.loads(redact_text(json.dumps(account))) == {**account, "private_key": MARKER}
    assert Redactor().redact(account) == {**account, "private_key": MARKER}


PIECES = st.sampled_from(
    [
        *FORMS.values(),
        *(" ", "\n", "\\n", "x", "-", "_", "/", "a=", '"', "é", "Bearer ", "basic ", "password '", "-u a:b ", "://"),
    ]
)


@pytest.mark.lengthy
@given(st.lists(PIECES | st.text(max_size=3), max_size=6).map("".join))
def test_the_quick_look_finds_all_that_a_careful_one_finds(text: str) -> None:
    careful = text
    for form in (*redaction_forms._ENCLOSING, *redaction_forms._TOKENS, *redaction_forms._OTHERS):
        careful = form.pattern.sub(form.replace, careful)
    assert (redaction_forms.redact_forms(text, text.lower()) == text) == (careful == text)


class TestEmails:
    redact = Redactor(emails=True).redact

    @pytest.mark.parametrize(
        "address",
        [
            "ann@example.com",
            "ann.lee+x@mail.a.co.uk",
            "o'neil@example.com",
            "jörg@bücher.example",
            "a%40b.example",
        ],
    )
    def test_addresses_go_where_it_is_wanted(self, address: str) -> None:
        assert self.redact({"a": f"from <{address}>, to {address}."}) == {"a": f"from <{MARKER}>, to {MARKER}."}
        assert redact_text(address) == address

    @pytest.mark.parametrize(
        "text", ["git@github.com:org/repo", "react@18.2.0", "a @ b.com", "@decorator.name", "x@localhost"]
    )
    def test_what_only_looks_like_one_stays(self, text: str) -> None:
        assert self.redact(text) == text

    @pytest.mark.parametrize("unit", ["a@", "a.b.", "a@b.", "%40", "@a.a"])
    def test_it_is_linear(self, unit: str) -> None:
        assert isinstance(self.redact(unit * (200_000 // len(unit))), str)
