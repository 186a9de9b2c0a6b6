"""Secrets among the arguments of commands: every one of the table, in every way it can be written, and what looks alike."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from loopgraph.computes.privacy.commands import COMMANDS, Command
from loopgraph.computes.privacy.redaction import MARKER, Redactor
from support.quick import first_quick

pytestmark = pytest.mark.slow

redact, redact_text = Redactor().redact, Redactor().redact_text

SECRET = "S3cr3tPw"


def examples(command: Command) -> Iterator[list[str]]:
    """The words of one example of each name, option and argument of a line of the table."""
    for name in command.names.split():
        start = [name, *command.behind.split()]
        for option in command.options.split():
            bare = option.rstrip("*?:%=,~")
            where, part = option[len(bare) :].strip(":%=,~"), option[-1] if option[-1] in ":%=,~" else ""
            value = {"": "", "~": "pass:"}.get(part, f"bob{part}") + SECRET
            if where != "*":
                yield [*start, bare, value, "more"]
                yield [*start, f"{bare}={value}", "more"]
            if where:
                yield [*start, bare + value, "more"]
        if command.nth:
            fillers = [f"word{i}" for i in range(1, command.nth)]
            value = f"bob{command.part}{SECRET}@db" if command.part else SECRET
            yield [*start, *([f"-{command.flag}"] if command.flag else []), *fillers, value]
        if command.pairs:
            yield [*start, "place", f"name={SECRET}", f"more={SECRET}"]
        if command.named:
            yield [*start, "a_password", SECRET, "more"]


EXAMPLES = [words for command in COMMANDS for words in examples(command)]


def test_every_line_of_the_table_has_examples() -> None:
    for command in COMMANDS:
        assert list(examples(command)), command


@pytest.mark.parametrize("words", EXAMPLES, ids=" ".join)
def test_the_secret_of_a_known_command_goes_however_it_is_written(words: list[str]) -> None:
    clean = [word.replace(SECRET, MARKER) for word in words]
    line, clean_line = " ".join(words), " ".join(clean)
    assert redact_text(line) == clean_line
    assert redact(words) == clean
    assert redact(["sudo", *words]) == ["sudo", *clean]
    assert redact(["bash", "-c", line]) == ["bash", "-c", clean_line]
    for before, behind in (
        ("cd /src && ", " && echo done"),
        ("$ ", "\nresult"),
        ("first\nsudo ", " | tee log"),
        ('{"command": "', '", "n": 1}'),
        ('{"command": "first\\n', '\\nls -p more"}'),
        ('{"raw": "{\\"command\\": \\"', '\\"}"}'),
        ("see `", "` for more"),
        ("x=$(", ")"),
        ("/usr/local/bin/", ""),
    ):
        assert redact_text(before + line + behind) == before + clean_line + behind
    for text in (json.dumps(words), json.dumps({"argv": words}), json.dumps({"raw": json.dumps(words)}), str(words)):
        assert redact_text(text) == text.replace(SECRET, MARKER)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mysql -u root -phunter2secret db", "mysql -u root -p* db"),
        ("mysql -p'a b' db", "mysql -p'*' db"),
        ("mysql -p$'a b' db", "mysql -p$'*' db"),
        ("docker login -u me -p $'a\\'b' r.io", "docker login -u me -p $'*' r.io"),
        ("docker login -u me --password=$'ab1' r.io", "docker login -u me --password=$'*' r.io"),
        ('docker login -p "a\\"b" r.io', 'docker login -p "*" r.io'),
        (f"docker login -p '{'a1' * 5_000}' r.io", "docker login -p '*' r.io"),
        ('docker login -u me -p "a b" r.io', 'docker login -u me -p "*" r.io'),
        ('{"command":"docker login -p \\"a b\\" r.io"}', '{"command":"docker login -p \\"*\\" r.io"}'),
        ("mysql \\\n  -u root \\\n  -phunter2 db\nnext -pword", "mysql \\\n  -u root \\\n  -p* db\nnext -pword"),
        ('{"c": "mysql \\\\\\n  -phunter2 db"}', '{"c": "mysql \\\\\\n  -p* db"}'),
        ("sudo sshpass -p one mysql -ptwo db", "sudo sshpass -p * mysql -p* db"),
        ("kubectl exec pod -- redis-cli -a hunter2 ping", "kubectl exec pod -- redis-cli -a * ping"),
        ("htpasswd -nbB bob hunter2", "htpasswd -nbB bob *"),
        ("ansible-vault encrypt_string 'a b' --name x", "ansible-vault encrypt_string '*' --name x"),
        ("aws configure set aws_secret_access_key abc/d+e", "aws configure set aws_secret_access_key *"),
        ("npm config set //r.io/:_authToken abc", "npm config set //r.io/:_authToken *"),
        ("PGPASSWORD=hunter2 psql -h db", "PGPASSWORD=* psql -h db"),
        ("helm install x --set auth.password=hunter2", "helm install x --set auth.password=*"),
        ("git clone https://bob:hunter2@h/x.git", "git clone https://bob:*@h/x.git"),
        ("gpg --batch --passphrase hunter2 -d f", "gpg --batch --passphrase * -d f"),
        ("wget --password=hunter2 --user=bob u", "wget --password=* --user=bob u"),
        ("sqlplus -s bob/hun@ter2@//h:1521/x @file.sql", "sqlplus -s bob/*@//h:1521/x @file.sql"),
        ("sqlldr userid=bob/hunter2 control=dir/x.ctl", "sqlldr userid=bob/* control=dir/x.ctl"),
        ("net user bob hunter2 /add", "net user bob * /add"),
        ("net.exe user /domain bob P@ssword!", "net.exe user /domain bob *"),
        ("net use Z: \\\\host\\share hunter2 /user:dom\\bob", "net use Z: \\\\host\\share * /user:dom\\bob"),
        ("keytool -storepass hunter2 -keypass hunter3 -list", "keytool -storepass * -keypass * -list"),
    ],
)
def test_the_secret_goes_and_the_rest_stays(text: str, expected: str) -> None:
    assert redact_text(text).replace(MARKER, "*") == expected


PLAIN = (
    "mkdir -p dir", "cp -p a b", "tar -p x", "grep -p x f", "ps -a", "python -u x.py", "ssh -p 22 u@h", "git log -p file",
    "docker run -p 8080:80 img", "docker run --name mysql -p 3306:3306 mysql:8", "docker run --name mysql -p3306:3306 mysql",
    "docker compose -p proj up", "docker login --password-stdin r.io", "docker login -u bob && docker run -p 80 img",
    "mysql -p", "mysql -u root -p db", "mysql -u root -p -h db", "mysql --port 3306 -P 3306 -h db", "mongosh --port 27017",
    "psql --password mydb", "psql -w --no-password mydb", "pg_dump -h x --password mydb", "createdb --password mydb",
    "app --ask-password name", "app --skip-token-check name", "app --no-password db", "other -phunter2secret db",
    "curl -u bob https://x", "curl -u $U:$P https://x", "redis-cli -p 6379 ping", "redis-cli -a $REDIS_PASSWORD ping",
    "sshpass -f file ssh -p 22 h", "sshpass -e ssh -p 22 h", "openssl enc -k $PW -in f", "openssl rsa -passin env:PW -in k",
    "vault kv get secret/x", "vault kv put secret/x @data.json", "aws configure set region eu-west-1", "htpasswd -c f user",
    "npm config set registry https://r.io", "git config user.name Bob", "git config --get x.token", "zip -r a.zip dir",
    "7z x a.7z", "kubectl create configmap x --from-literal=a=b", "kubectl get secret x -p", "az vm create -p plan",
    "helm upgrade -p x", "ldapsearch -x -W -D cn=x", "gh auth login --with-token < t.txt", "twine check -p dist",
    "see `docker login -p`, or", "mysql -p[REDACTED]", "vault status", "oc get pods -p x", "smbclient -U bob //h/s",
    "sqlplus / as sysdba", "sqlplus /nolog", "sqlplus @dir/file.sql", "sqlplus /@db", "sqlplus bob@db", "sqlplus bob/$PW@db",
    "expdp parfile=a/b.par", "sqlldr control=dir/x.ctl log=a/b", "rman target /", "net user", "net user bob",
    "net user bob /delete", "net user bob * /add", "net users bob hunter2", "the net user growth rose", "net use Z: /delete",
    "net user count 120000 in May", "heroku auth:token", "heroku auth:whoami", "aws ssm put-parameter --value file:///dev/stdin",
    "vault kv put secret/x password=-", "app --token < file", "app --token | cat", "openssl enc -pass stdin -in f",
    "wpa_passphrase home", "the file mysql.conf -p x", "my-mysql -pword", "mysql: -pword", "/etc/mysql -",
)  # fmt: skip


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact_text(text) == text
    assert redact_text(json.dumps({"command": f"{text}\nls", "n": 1})) == json.dumps({"command": f"{text}\nls", "n": 1})
    assert redact(text.split()) == text.split()


def seconds(text: str) -> float:
    """Processor time of one redaction, the shorter of two."""
    times = []
    for _ in range(2):
        begin = time.process_time()
        redact_text(text)
        times.append(time.process_time() - begin)
    return min(times)


@pytest.mark.parametrize(
    "unit",
    first_quick([
        "mysql ", "mysql -p", "docker ", "docker -p ", " -p", " -p'", ' -p\\"', "vault ", "vault\\n", "mysql -p\\\n",
        "-", " -", '"-a",', '"mysql","', "mysql '", "mysql -p\"a 'b \\\"c ", "git config ", "\\",
        "mysql -p$'a", "mysql -p'a\\'", " $'", "mysql -p\"a\\\"",
        "mysql -pa\\n", "mysql -p\\\\\\n", "a=vault kv put b=c ",
        "sshpass htpasswd zip -b x ", "openssl -passin pass:", '\\"pass\\\\u0077ord', '"a\\u0070',
    ], 4),
)  # fmt: skip
def test_it_is_linear(unit: str) -> None:
    """By the ratio of sizes: eight times the text takes eight times as long, and not 64 times."""
    short = unit * (4 * 1024 // len(unit))
    for opening in ("", "mysql -x ", '{"password": "'):
        assert seconds(opening + short * 8) < 24 * seconds(opening + short) + 0.05
