"""Secrets that are recognised by their form."""

from __future__ import annotations

import json

import pytest

from loopgraph.computes.redaction import MARKER, Redactor
from support.secret_examples import FORMS, PEM

redact_text = Redactor().redact_text


@pytest.mark.parametrize("form", FORMS)
def test_forms_are_known_wherever_they_stand(form: str) -> None:
    secret = FORMS[form]
    assert redact_text(secret) == MARKER
    for before, behind in (("see ", " there"), ('x("', '")'), ("a\n", "\nb"), ('{"out": "a\\n', '"}'), ("a=", "")):
        assert redact_text(before + secret + behind) == before + MARKER + behind


def test_a_private_key_that_was_cut_off_goes_as_far_as_it_looks_like_one() -> None:
    assert redact_text(f'cat "{PEM[:70]}" x') == f'cat "{MARKER}" x'
    assert redact_text(PEM[:70]) == MARKER


def test_pem_in_json_and_two_of_them() -> None:
    text = json.dumps({"a": PEM, "b": f"{PEM}\n{PEM}", "c": "-----"})
    assert json.loads(redact_text(text)) == {"a": MARKER, "b": f"{MARKER}\n{MARKER}", "c": "-----"}
