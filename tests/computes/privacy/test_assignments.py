"""Text: what goes with its name, and what stays as it is. In the tables ``*`` stands for the marker."""

from __future__ import annotations

import json

import pytest

from loopgraph.computes.privacy.redaction import MARKER, Redactor

redact_text = Redactor().redact_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # settings
        ("export GITHUB_TOKEN=abc123 && make", "export GITHUB_TOKEN=* && make"),
        ("PASSWORD='a b' USER=bob", "PASSWORD='*' USER=bob"),
        ("A=1\nDB_PASSWORD=it's-x # main\nB=2", "A=1\nDB_PASSWORD=* # main\nB=2"),
        ("password = correct horse\nuser = bob", "password = *\nuser = bob"),
        ("password: correct horse\nuser: bob", "password: *\nuser: bob"),
        ("  - api_key: abc", "  - api_key: *"),
        ("Use this API key: abc123 for x", "Use this API key: * for x"),
        ('ENV["API_KEY"] = "x"', 'ENV["API_KEY"] = "*"'),
        ("'password' => 'x',", "'password' => '*',"),
        ('password := "x"', 'password := "*"'),
        ('token: str = "abc"', 'token: str = "*"'),
        ('secret = """a "quoted" b"""', 'secret = """*"""'),
        # YAML, within braces, and below a user
        ("{user: bob, pass: hunter2}", "{user: bob, pass: *}"),
        ("smtp: {host: h, pass: hun@ter , user: b}", "smtp: {host: h, pass: * , user: b}"),
        ("smtp:\n  user: bob\n  pass: hunter2\n", "smtp:\n  user: bob\n  pass: *\n"),
        ("smtp:\n  pass: hunter2\n  username: bob\n", "smtp:\n  pass: *\n  username: bob\n"),
        # command lines
        ("mysql --password hunter2 --host x", "mysql --password * --host x"),
        ("mysql --password='a b' -h x", "mysql --password='*' -h x"),
        ("curl -u bob:hunter2 https://x.y", "curl -u bob:* https://x.y"),
        ("curl -H 'X-Api-Key: abc' -H \"Accept: a\"", "curl -H 'X-Api-Key: *' -H \"Accept: a\""),
        ('curl -H "Authorization: Bearer abc" https://x', 'curl -H "Authorization: *" https://x'),
        ("sshpass -p hunter2 ssh bob@x", "sshpass -p * ssh bob@x"),
        ("keytool -storepass hunter2 -list", "keytool -storepass * -list"),
        # headers
        ("Authorization: Basic dXNlcjpwYXNz\nAccept: */*", "Authorization: *\nAccept: */*"),
        ('> Authorization: Digest username="b", response="c"\n> A: b', "> Authorization: *\n> A: b"),
        ("Set-Cookie: sid=abc; Path=/; HttpOnly\r\nA: b", "Set-Cookie: *\r\nA: b"),
        ('request.header("X-Api-Key", "abc")', 'request.header("X-Api-Key", "*")'),
        ("sent Bearer abc.123-def to x", "sent Bearer * to x"),
        ("sent Basic dXNlcjpwYXNz to x", "sent Basic * to x"),
        # JSON
        ('{"password": "a\\"b\\\\", "n": 1}', '{"password": "*", "n": 1}'),
        ('{"token": 1234, "n": 1}', '{"token": "*", "n": 1}'),
        ('log {"credentials": {"u": "b", "p": ["}"]}, "n": 1} end', 'log {"credentials": "*", "n": 1} end'),
        ('{"name":"X-Api-Key","value":"abc"}', '{"name":"X-Api-Key","value":"*"}'),
        (
            '{"cmd": "TOKEN=abc make\\nAuthorization: Bearer x\\ndone"}',
            '{"cmd": "TOKEN=* make\\nAuthorization: *\\ndone"}',
        ),
        ('{"password": "cut o', '{"password": "*'),
        ('{"secrets": ["a", "b', '{"secrets": "*"'),
        # URLs, connection strings, XML, SQL, .netrc
        ("postgres://bob:hun@ter2@db:5432/x", "postgres://bob:*@db:5432/x"),
        ("redis://:hunter2@h:6379/0", "redis://:*@h:6379/0"),
        ("git clone https://0123456789abcdef0123@github.com/a/b", "git clone https://*@github.com/a/b"),
        ('"https:\\/\\/bob:x1@h"', '"https:\\/\\/bob:*@h"'),
        ("GET /x?access_token=abc&page=2 HTTP/1.1", "GET /x?access_token=*&page=2 HTTP/1.1"),
        ("user%5Bpassword%5D=abc&x=1", "user%5Bpassword%5D=*&x=1"),
        ("Server=a;User Id=sa;Password=a,b;Encrypt=yes", "Server=a;User Id=sa;Password=*;Encrypt=yes"),
        ("AccountName=a;AccountKey=ab+/==;EndpointSuffix=x", "AccountName=a;AccountKey=*;EndpointSuffix=x"),
        ("host=x password=abc dbname=y", "host=x password=* dbname=y"),
        ("<user>bob</user><password>a b</password>", "<user>bob</user><password>*</password>"),
        ('<add key="ApiKey" value="abc"/>', '<add key="ApiKey" value="*"/>'),
        ("CREATE USER b IDENTIFIED BY 'x y'", "CREATE USER b IDENTIFIED BY '*'"),
        ("machine h login bob password x1", "machine h login bob password *"),
        ("https://hooks.slack.com/services/T00000000/B00000000/abcdef", "https://hooks.slack.com/services/*"),
        ("https://a.blob/x?sv=1&sig=abcdefghij%2Bklmnopqrst%3D&se=2", "https://a.blob/x?sv=1&sig=*&se=2"),
    ],
)
def test_the_secret_goes_and_the_rest_stays(text: str, expected: str) -> None:
    assert redact_text(text).replace(MARKER, "*") == expected


@pytest.mark.parametrize(
    "text",
    [
        "Please fix the failing test; the token budget is 4,000 tokens and the password policy is strict.",
        "usage: tokens: 1,234 input, 567 output; max_tokens=4096",
        "def login(user: str, password: str, token: Optional[str] = None) -> str:",
        'token = os.environ["TOKEN"]\nsecret = None\napi_key = process.env.API_KEY\n',
        "PGPASSWORD=$DB_PASSWORD psql --token ${TOKEN} --api-key <your-key> --password-stdin < file",
        'f"token={token} password={self.password}" password: {{ vault.password }} secret=***',
        "postgres://$USER:$PASSWORD@host/db https://user:${TOKEN}@host",
        'input("Enter password: ")\nprint("token:")',
        "SyntaxError: Unexpected token: string (foo)\nUnexpected token '<', \"<!DOCTYPE \"... is not valid JSON",
        "http://localhost:8080/@scope/pkg git@github.com:org/repo.git bob@example.com",
        "Basic knowledge, Basic JavaScript, bearer of news, Bearer token, Bearer authentication",
        "class sk-fading-circle-animation task-1234567890abcdefghij disk-0123456789abcdefgh eyJ",
        "docker run -u 1000:1000 --user root -v a:b",
        'for key, value in items: assert key == "value"',
        '{"type": "api", "key": "x"} primary key: id, the key: value',
        "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
        '{"type": "password", "required": ["password", "email"], "token": null, "secret": false, "cookie": ""}',
        "if not token:\n    return secrets\nelse: password",
        "token: 512 tokens\nToken: 1,024 tokens used\ntokens left, secret: 3 found, password: 90 days, passwords: 3 of 12",
        'the token: 512 input tokens; {"token": "512 tokens", "secret": "12 characters", "password": "3 attempts"}',
        "{ user: user, pass: pass } {user: a, pass: config.smtp.pass} {pass: getPass(1)} {fail: 0, pass: 12ms} {pass: 12/13}",
        "PASS: test_1\npass: test_2\n--- pass: 12\nresults: {pass: 12, fail: 0}\nuser: bob\npass: 12",
        "{auth: oauth2Client, pass: true}",
        "0197a3c2-77aa-7000-8000-000000000001 3f2a9c1b8e7d6f5a4b3c2d1e0f9a8b7c6d5e4f3a",
        "",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact_text(text) == text


def test_json_inside_json_inside_json() -> None:
    inner = {"api_key": 'a"b\\', "max_tokens": 5}
    text = json.dumps({"body": json.dumps({"password": "x\"y'", "raw": json.dumps(inner), "n": [1]})})
    body = json.loads(json.loads(redact_text(text))["body"])
    assert body["password"] == MARKER
    assert json.loads(body["raw"]) == {"api_key": MARKER, "max_tokens": 5}
    assert body["n"] == [1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'{"pass\u0077ord": "a", "n\u0061me": "x"}', r'{"password": "*", "n\u0061me": "x"}'),
        (r'{"\u0061pi_key" : "a"}', r'{"api_key" : "*"}'),
        (r'{"raw": "{\"pass\\u0077ord\": \"a\"}"}', r'{"raw": "{\"password\": \"*\"}"}'),
    ],
)
def test_the_letters_of_a_name_may_be_escaped(text: str, expected: str) -> None:
    clean = redact_text(text)
    assert clean.replace(MARKER, "*") == expected
    json.loads(clean)
