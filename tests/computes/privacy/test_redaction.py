"""Redaction of values: where secrets are found, what stays as it is, properties, and how long it takes."""

from __future__ import annotations

import base64
import copy
import dataclasses
import json
import time
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from loopgraph.computes.privacy.redaction import MARKER, MAX_DEPTH, Redactor
from loopgraph.errors import InvalidInput
from support.quick import first_quick
from support.secret_examples import FORMS, JWT, PEM, PLAIN_NAMES, SECRET_NAMES, words

pytestmark = pytest.mark.slow

REDACTOR = Redactor()
redact, redact_text = REDACTOR.redact, REDACTOR.redact_text


NUMBER_OF_BYTES = 1_000_000


def seconds(text: str) -> float:
    """Processor time of one redaction."""
    begin = time.process_time()
    redact_text(text)
    return time.process_time() - begin


class TestValues:
    def test_at_any_depth_and_only_there(self) -> None:
        value = {
            "user": "bob",
            "login": [{"password": "hunter2", "at": 1}, ({"token": "x"}, 2.5)],
            "ok": True,
            "no": None,
        }
        before = copy.deepcopy(value)
        assert redact(value) == {
            **value,
            "login": [{"password": MARKER, "at": 1}, ({"token": MARKER}, 2.5)],
        }
        assert value == before

    def test_headers_as_a_map_as_pairs_and_as_named_values(self) -> None:
        assert redact({"Authorization": "Bearer x", "Set-Cookie": ["a=b"], "Accept": "*/*"}) == {
            "Authorization": MARKER,
            "Set-Cookie": MARKER,
            "Accept": "*/*",
        }
        assert redact([["Authorization", "Bearer x"], ("X-Api-Key", "x"), ["Accept", "*/*"]]) == [
            ["Authorization", MARKER],
            ("X-Api-Key", MARKER),
            ["Accept", "*/*"],
        ]
        assert redact([{"name": "Cookie", "value": "a=b"}, {"name": "Accept", "value": "*/*"}]) == [
            {"name": "Cookie", "value": MARKER},
            {"name": "Accept", "value": "*/*"},
        ]
        assert redact({"key": "api_key", "value": {"stringValue": "x"}}) == {"key": "api_key", "value": MARKER}

    def test_a_list_of_words_is_no_pair(self) -> None:
        schema = {"required": ["password", "email"], "enum": ["token", "secret", "cookie"]}
        assert redact(schema) == schema

    def test_a_command_line_as_a_list(self) -> None:
        assert redact(["mysql", "--password", "hunter2", "-h", "db"]) == ["mysql", "--password", MARKER, "-h", "db"]
        assert redact(["x", "--token=abc", "--password", "--verbose"]) == [
            "x",
            f"--token={MARKER}",
            "--password",
            "--verbose",
        ]
        assert redact(["curl", "-H", "X-Api-Key: abc d"]) == ["curl", "-H", f"X-Api-Key: {MARKER}"]

    def test_keys_are_text_too(self) -> None:
        assert redact({"https://bob:hunter2@host/": 1, 5: "x"}) == {f"https://bob:{MARKER}@host/": 1, 5: "x"}

    def test_other_values_come_back_as_they_are(self) -> None:
        thing = object()
        assert redact(thing) is thing
        assert redact({"a": thing})["a"] is thing

    def test_too_deep_is_refused_with_the_name_of_the_field(self) -> None:
        def nested(text: str, levels: int) -> Any:
            value: Any = text
            for _ in range(levels):
                value = [value]
            return value

        assert redact(nested("password=x", MAX_DEPTH)) == nested(f"password={MARKER}", MAX_DEPTH)
        for levels in (MAX_DEPTH + 1, 10_000):
            with pytest.raises(
                InvalidInput, match=rf"^context: is nested more than {MAX_DEPTH} levels deep"
            ) as refused:
                redact(nested("x", levels), field="context")
            assert refused.value.field == "context"

    def test_a_value_that_holds_itself_is_refused(self) -> None:
        value: dict[str, Any] = {}
        value["self"] = value
        with pytest.raises(InvalidInput):
            redact(value)

    def test_deep_json_in_text_is_text(self) -> None:
        deep = '{"a":' * 10_000 + '{"password":"hunter2"}' + "}" * 10_000
        assert redact_text(deep) == deep.replace("hunter2", MARKER)


class TestOptions:
    def test_extra_names_in_any_spelling(self) -> None:
        redactor = Redactor(extra_names=("badge_pin",))
        assert redactor.redact({"badgePin": 1234, "pin": 1, "BADGE-PIN": "x"}) == {
            "badgePin": MARKER,
            "pin": 1,
            "BADGE-PIN": MARKER,
        }
        assert redactor.redact_text("badge.pin=1234 pin=5") == f"badge.pin={MARKER} pin=5"
        assert redact({"badgePin": 1234}) == {"badgePin": 1234}

    def test_extra_patterns(self) -> None:
        redactor = Redactor(extra_patterns=(r"EMP-\d{6}",))
        assert redactor.redact(["by EMP-123456", "EMP-1"]) == [f"by {MARKER}", "EMP-1"]

    @pytest.mark.parametrize(
        ("options", "field"),
        [
            ({"extra_names": ("pin", "-")}, "extra_names.1"),
            ({"extra_patterns": ("(",)}, "extra_patterns.0"),
            ({"extra_patterns": ("x", "x*")}, "extra_patterns.1"),
            ({"extra_patterns": (r"\w+",)}, "extra_patterns.0"),
        ],
    )
    def test_options_that_cannot_work_are_refused(self, options: dict[str, Any], field: str) -> None:
        with pytest.raises(InvalidInput) as refused:
            Redactor(**options)
        assert refused.value.field == field

    def test_it_is_frozen_and_compares_by_its_options(self) -> None:
        with pytest.raises(dataclasses.FrozenInstanceError):
            REDACTOR.extra_names = ("x",)  # type: ignore[misc]
        assert Redactor() == REDACTOR
        assert Redactor(extra_names=("x",)) != REDACTOR


class TestTime:
    """Linear in the text, whatever it is made of: a pattern that backtracks would take minutes. Processor time, generously."""

    PROBES = "-----BEGIN PRIVATE KEY----- @ sk- eyj bearer basic sig= -u login password sshpass ghp_ "
    UNITS = (
        *words(
            'password= password=" token={ secret:[ "password": <token> token=a, a= ://a: eyJaaaaaaaa. sk-a -----BEGIN'
        ),
        *("--token ", "-u a:", "login ", "bearer ", "-----BEGIN PRIVATE KEY-----", 'name="token" ', "authorization: "),
    )

    @pytest.mark.parametrize("opening", ["", '{"password": "', PROBES + "secret: {"])
    @pytest.mark.parametrize(
        "run", first_quick(["-", "a", "=", " ", "\\", '"', "{", "a-", "eyJ", '\\\\\\"', "a.", "\n"])
    )
    def test_long_runs(self, opening: str, run: str) -> None:
        text = opening + run * (NUMBER_OF_BYTES // len(run))
        assert seconds(text) < 4.0  # 0.1 to 0.6 s on an idle core

    @pytest.mark.parametrize("unit", first_quick(UNITS, 4))
    def test_four_times_the_text_takes_about_four_times_as_long(self, unit: str) -> None:
        short = unit * (NUMBER_OF_BYTES // 20 // len(unit))
        assert seconds(short * 4) < 12 * seconds(short) + 0.05

    def test_an_event_passes_quickly(self) -> None:
        event = {
            "session_id": "d7d63342-bdd4-4aa3-898f-af4f6bf3429b",
            "cwd": "/home/dev/proj",
            "hook_event_name": "PostToolUse",
            "tool_name": "Read",
            "tool_input": {"file_path": "/home/dev/proj/parser.py", "offset": 1, "limit": 200},
            "tool_response": {"content": "    def parse(self, line: str) -> Row:  # returns one row\n" * 30},
        }
        begin = time.process_time()
        for _ in range(200):
            redact(event)
        assert (time.process_time() - begin) / 200 < 0.002  # about 0.1 ms on an idle core


# A secret that is part of nothing else here, and that ends with a digit: punctuation behind a word is not part of it.
SECRETS = st.from_regex(r"Zq9[A-Za-z0-9_.+!#*~^-]{4,30}7x", fullmatch=True)
PLAIN_TEXT = st.text(st.sampled_from("abc xyz.,;:!?()[]{}<>'\"\\\n\t=-_/äß€0123456789"), max_size=40)
SECRET_KEYS = st.sampled_from(SECRET_NAMES)
PLAIN_KEYS = st.sampled_from([name for name in PLAIN_NAMES if name not in ("name", "key", "value")])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | PLAIN_TEXT
PLAIN_JSON = st.recursive(
    LEAVES, lambda inside: st.lists(inside, max_size=3) | st.dictionaries(PLAIN_KEYS, inside, max_size=3), max_leaves=8
)

TEMPLATES = (
    "export GITHUB_TOKEN={} && make",
    "PASSWORD='{}' make",
    "password: {}\nuser: bob",
    "Authorization: Bearer {}",
    "Cookie: a=b; sid={}; c=d",
    'curl -H "X-Api-Key: {}" https://example.com',
    "mysql --password {} --host x",
    "mysql --password={} --host x",
    "postgres://bob:{}@db/x",
    "https://example.com/x?access_token={}&page=2",
    "Server=a;Password={};Encrypt=yes",
    "<password>{}</password>",
    'log: {{"client_secret": "{}", "n": 1}}',
    'const apiKey = "{}";',
    "{{'credentials': {{'user': 'bob', 'pin': '{}'}}}}",
)

PIECES = (
    *words('password token Authorization cookie pass PWD /home/x name key value x = : => != > < </ , ; & " \' \\" \\'),
    *words("{ } [ ] ( ) :// @ a:b abc12345 1,2 [REDACTED] [REDACTED REDACTED] $X {x} None str ''' \"\"\" ***"),
    *(" ", "\n", "-u ", "--token ", "Bearer ", "login ", JWT, PEM, FORMS["AWS"], FORMS["Anthropic"]),
)


def basic(secret: str) -> str:
    """Basic credentials that hold the secret."""
    return base64.b64encode(b"bob:" + secret.encode()).decode()


@st.composite
def values_with(draw: st.DrawFn, secret: str) -> Any:
    """A JSON value that holds the secret in one of the places where it must be found."""
    text = draw(st.sampled_from(TEMPLATES)).format(secret)
    value = draw(
        st.sampled_from(
            [
                {draw(SECRET_KEYS): secret},
                {draw(SECRET_KEYS): [{"a": secret}]},
                [[draw(SECRET_KEYS), secret], ["Accept", "*/*"]],
                {"headers": [{"name": draw(SECRET_KEYS), "value": secret}]},
                ["run", "--api-key", secret],
                text,
                json.dumps({"body": text}),
                json.dumps({draw(SECRET_KEYS): secret}),
                json.dumps({"out": json.dumps({draw(SECRET_KEYS): secret})}),
                f"sent Basic {basic(secret)}",
            ]
        )
    )
    for _ in range(draw(st.integers(0, 4))):
        other = draw(PLAIN_JSON)
        value = draw(st.sampled_from([[other, value], {"path": value, "cwd": other}, (value,), {"data": [value]}]))
    return value


class TestProperties:
    @given(st.data(), SECRETS)
    def test_no_secret_is_left(self, data: st.DataObject, secret: str) -> None:
        value = data.draw(values_with(secret))
        clean = redact(value)
        assert secret not in json.dumps(clean)
        assert basic(secret) not in json.dumps(clean)
        assert MARKER in json.dumps(clean)
        assert redact(clean) == clean

    @given(PLAIN_JSON)
    def test_what_holds_no_secret_is_equal_to_before(self, value: Any) -> None:
        assert redact(value) == value

    @given(st.dictionaries(SECRET_KEYS | PLAIN_KEYS, PLAIN_JSON | st.text(), max_size=5))
    def test_json_in_text_stays_json_with_the_same_keys(self, value: dict[str, Any]) -> None:
        clean = json.loads(redact_text(json.dumps(value)))
        assert clean.keys() == value.keys()

    @given(st.text(), SECRET_KEYS)
    def test_any_string_goes_from_json_in_text(self, secret: str, name: str) -> None:
        assume(redact({name: secret}) != {name: secret} and any(char.isalnum() and char.isascii() for char in secret))
        for levels in range(1, 4):
            text: Any = {"before": 1, name: f"Zq9{secret}", "after": "it's"}
            for _ in range(levels):
                text = json.dumps(text)
            clean: Any = redact_text(text)
            for _ in range(levels):
                clean = json.loads(clean)
            assert clean == {"before": 1, name: MARKER, "after": "it's"}

    @given(st.lists(st.sampled_from(PIECES) | st.text(max_size=2), max_size=14))
    def test_redacting_twice_is_redacting_once(self, pieces: list[str]) -> None:
        once = redact_text("".join(pieces))
        assert redact_text(once) == once
