"""Secrets that commands read from their standard input: every one of the table, in every way it can be written, and what looks
alike. In the tables ``*`` stands for the marker.
"""

from __future__ import annotations

import json
import re
import time

import pytest

from loopgraph.computes.privacy.redaction import MARKER, Redactor
from loopgraph.computes.privacy.standard_input import READERS, WRITERS, Reader
from support.quick import first_quick

redact_text = Redactor().redact_text

SECRET = "S3cr3tPw"

# Of each line of the table, in its order: what is called, with all names of the line where `NAME` stands.
EXAMPLES = (
    "docker login -u me --password-stdin|podman login --password-stdin r.io|helm registry login r.io --password-stdin"
    "|crane auth login r.io --password-stdin|x --access-token-stdin|oras login --identity-token-stdin",
    "adcli join --stdin-password -U bob",
    "gh auth login --with-token|gh auth login --hostname h --with-token|codex login --with-api-key",
    "gpg --batch --passphrase-fd 0 -c file|gpg --passphrase-fd=0 -d file",
    "restic --password-file /dev/stdin snapshots|op --token-file=- x|x --api-key-file -",
    "NAME|sudo NAME|/usr/sbin/NAME -e",
    "NAME|NAME --stdin bob|sudo -u root NAME bob|docker exec -i box NAME bob|ssh -p 22 host sudo NAME bob",
    "su - root",
    "sudo -S apt install x|sudo -kS ls|sudo --stdin ls",
    "NAME -s|NAME --stdin",
    "htpasswd -i file bob|htpasswd -niB bob",
    "realm join -U admin example.com",
    "wpa_passphrase home",
    "NAME -x -D cn=x -y /dev/stdin",
    "NAME secret set X|NAME variable set X",
    "glab auth login --hostname h --stdin",
    "wrangler secret put X|npx wrangler secret put X|npx wrangler versions secret put X|pnpm dlx wrangler secret put X --env dev",
    "vercel env add X production|npx vercel env add X",
    "NAME secrets import",
    "doppler secrets set X",
    "databricks configure --token --host h|databricks secrets put-secret s k",
    "pulumi config set x --secret",
    "gcloud secrets create x --data-file=-|gcloud secrets versions add x --data-file=/dev/stdin"
    "|gcloud secrets create x --data-file -",
    "aws secretsmanager create-secret --name x --secret-string file:///dev/stdin|aws ssm put-parameter --value file:///dev/stdin",
    "az keyvault secret set --name x --vault-name v --file /dev/stdin",
    "NAME create secret generic x --from-file=/dev/stdin|NAME create secret generic x --from-file=a.b=/dev/stdin -n y"
    "|NAME create secret generic x --from-env-file=/dev/stdin",
    "kubeseal --raw --name x --from-file=/dev/stdin",
    "NAME secret create x -",
    "cargo login",
    "NAME login -|NAME login -method=x -|NAME kv put secret/x password=-|NAME write auth/x password=-",
    "op signin --raw|op account add --address x",
    "lpass login bob",
    "NAME insert -e web/x|NAME insert -m web/x",
    "secret-tool store --label=x a b",
    "keyring set system bob",
    "keepassxc-cli show db.kdbx x",
    "sshpass -d 0 ssh h|sshpass -d0 ssh h",
    "openssl enc -aes-256-cbc -pass stdin -in f|openssl rsa -passin stdin -in k|openssl rsa -passin fd:0"
    "|openssl passwd -6 -stdin",
    "ansible-vault encrypt_string --stdin-name=x",
    "rclone obscure -",
    "wg pubkey",
)  # fmt: skip


def commands(reader: Reader, examples: str) -> list[str]:
    return [example.replace("NAME", name) for example in examples.split("|") for name in reader.names.split()]


CALLS = [
    (command, reader.behind)
    for reader, examples in zip(READERS, EXAMPLES, strict=True)
    for command in dict.fromkeys(commands(reader, examples))
]


def test_every_line_and_every_name_of_the_table_has_an_example() -> None:
    for reader, examples in zip(READERS, EXAMPLES, strict=True):
        calls = commands(reader, examples)
        assert calls
        for name in reader.names.split():
            assert name == "*" or any(re.search(rf"\b{name}(?!\S)", command) for command in calls), name


@pytest.mark.lengthy
@pytest.mark.parametrize(("command", "behind"), CALLS, ids=[command for command, _ in CALLS])
def test_what_a_command_reads_goes_however_it_is_handed_over(command: str, behind: str) -> None:
    value = f"bob{behind}{SECRET}" if behind else SECRET
    for line in (
        f"echo {value} | {command}",
        f"echo -n '{value}' | {command}",
        f'echo "{value}"|{command}',
        f"printf '%s' {value} | {command}",
        f"printf '{value}' | tr -d x | {command} && done",
        f"{command} <<< {value}",
        f'{command} <<<"{value}"',
        f"cat <<< '{value}' | {command}",
        f"{command} <<EOF\n{value}\nEOF\nls",
        f"(echo {value}) | {command}",
        f"{{ echo '{value}'; }} | {command}",
        f"yes {value} | {command}",
        f"echo $'{value}' 2>/dev/null | {command}",
        f"while read -r p; do echo $p | {command}; done <<< {value}",
        f"cat <<'END' | {command}\n{value}\nEND",
    ):
        clean = line.replace(SECRET, MARKER)
        assert redact_text(line) == clean
        assert redact_text(clean) == clean
        assert redact_text(f"cd /src && {line}") == f"cd /src && {clean}"
        assert redact_text(f"first\n$ {line}\nresult") == f"first\n$ {clean}\nresult"
        for outer in ({"command": line, "n": 1}, {"command": f"set -e\n{line}\nls -S | sort"}):
            assert redact_text(json.dumps(outer)) == json.dumps(outer).replace(SECRET, MARKER)
        if '"' not in line and "\n" not in line:
            assert redact_text(f'bash -c "{line}"') == f'bash -c "{clean}"'
            assert redact_text(f"x=$({line})") == f"x=$({clean})"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("printf 'bob:%s' hunter2 | chpasswd", "printf 'bob:%s' * | chpasswd"),
        ("echo -e 'one two\\none two' | passwd bob", "echo -e '*' | passwd bob"),
        ("echo bob:a:b | chpasswd; echo bob:a:b | cat", "echo bob:* | chpasswd; echo bob:a:b | cat"),
        ("chpasswd <<EOF\nbob:x1\n$U:$P\nann:y 2\nEOF", "chpasswd <<EOF\nbob:*\n$U:$P\nann:*\nEOF"),
        (
            "echo hunter2 \\\n  | docker login \\\n  --password-stdin",
            "echo * \\\n  | docker login \\\n  --password-stdin",
        ),
        ("echo one | sort; echo two | sudo -S ls | sort", "echo one | sort; echo * | sudo -S ls | sort"),
        ("flyctl secrets import <<EOF\nA=x1\nB=$B\nEOF", "flyctl secrets import <<EOF\nA=*\nB=$B\nEOF"),
        ("echo a b | docker login --password-stdin", "echo * * | docker login --password-stdin"),
        ("ssh h 'echo x1 | sudo -S ls'", "ssh h 'echo * | sudo -S ls'"),
        ("see `echo x1 | sudo -S ls` for more", "see `echo * | sudo -S ls` for more"),
        ("echo x1 |\n  docker login --password-stdin", "echo * |\n  docker login --password-stdin"),
        ("echo x1 2>/dev/null | sudo -S ls", "echo * 2>/dev/null | sudo -S ls"),
        ("echo 2>&1 x1 2>> log | sudo -S ls", "echo 2>&1 * 2>> log | sudo -S ls"),
        ("{\n  echo x1\n} | sudo -S ls", "{\n  echo *\n} | sudo -S ls"),
        ("(echo x1; sleep 1; echo x2) | passwd bob", "(echo *; sleep 1; echo *) | passwd bob"),
        ("( { echo x1; } ) | su", "( { echo *; } ) | su"),
        ("echo x1 | (cd a; sudo -S ls)", "echo * | (cd a; sudo -S ls)"),
        ("echo x1 | { read p; sudo -S ls; }", "echo * | { read p; sudo -S ls; }"),
        (
            "echo x1 | while read p; do echo $p | sudo -S ls; done",
            "echo * | while read p; do echo $p | sudo -S ls; done",
        ),
        (
            "while IFS= read -r p\ndo\n  echo $p | sudo -S ls\ndone <<EOF\nx1\nEOF\nls",
            "while IFS= read -r p\ndo\n  echo $p | sudo -S ls\ndone <<EOF\n*\nEOF\nls",
        ),
        ("(cd a && sudo -S ls) <<< x1", "(cd a && sudo -S ls) <<< *"),
        ("{ sudo -S ls; } <<EOF\nx1\nEOF", "{ sudo -S ls; } <<EOF\n*\nEOF"),
        ("sudo -S ls <<'PASS WORD'\nx1\nPASS WORD\nls", "sudo -S ls <<'PASS WORD'\n*\nPASS WORD\nls"),
        ('sudo -S ls <<"E-O.F"\nx1\nE-O.F\nls', 'sudo -S ls <<"E-O.F"\n*\nE-O.F\nls'),
        ("echo $'it\\'s x1' | sudo -S ls", "echo $'*' | sudo -S ls"),
        ("sudo -S ls <<< $'x1'", "sudo -S ls <<< $'*'"),
        (f"echo '{'x1' * 5_000}' | sudo -S ls", "echo '*' | sudo -S ls"),
        (f'printf %s "{"x1" * 5_000}" | sudo -S ls', 'printf %s "*" | sudo -S ls'),
        (f"sudo -S ls <<< '{'x1' * 5_000}'", "sudo -S ls <<< '*'"),
        ("echo x1 | A=1 docker login --password-stdin", "echo * | A=1 docker login --password-stdin"),
        ("sudo -S ls <<\\EOF\nx1\nEOF\nls", "sudo -S ls <<\\EOF\n*\nEOF\nls"),
        ("sudo -S ls <<EOF\nx1 is cut o", "sudo -S ls <<EOF\n*"),
        ("passwd bob <<EOF\n" + "x1\n" * 1_500 + "EOF\nls", "passwd bob <<EOF\n*\nEOF\nls"),
        ("passwd bob <<EOF\nx1\n" + "and much more\n" * 2_000, "passwd bob <<EOF\n*\n" + "and much more\n" * 2_000),
    ],
)
def test_the_secret_goes_and_the_rest_stays(text: str, expected: str) -> None:
    assert redact_text(text).replace(MARKER, "*") == expected


PLAIN = (
    'echo "$TOKEN" | docker login --password-stdin', "echo $token | gh auth login --with-token",
    "printf '%s\\n' \"$PW\" | passwd",
    "echo ${USER}:${PW} | chpasswd", 'echo "$(cat file)" | docker login --password-stdin', "echo `cat f` | passwd --stdin bob",
    "cat token.txt | gh auth login --with-token", "aws ecr get-login-password | docker login -u AWS --password-stdin r.io",
    "pass show x | sudo -S ls", "docker login --password-stdin < file", "docker login --password-stdin <<< \"$PW\"",
    "docker login --password-stdin <<EOF\n$PW\nEOF", "gpg --passphrase-fd 3 -c f 3<<< x",
    "echo hello | gpg --passphrase-fd 3 -c f",
    "echo hello | sudo tee /etc/motd", "echo hello | sudo -u bob cat", "echo hello | grep passwd",
    "echo hello | sudo grep passwd x",
    "echo hello | cat - /etc/passwd", "echo hello || docker login --password-stdin", "echo hello; docker login --password-stdin",
    "echo hello && sudo -S ls", "echo hello\nsudo -S ls | sort", "echo hello > f | sudo -S ls", "echo hello | ssh host cat",
    "echo hello | docker exec -i box cat", "echo data | openssl enc -k $PW", "echo data | openssl dgst -sha256", "echo x | wc -S",
    "echo key | gcloud storage cp - gs://b/x", "kubectl apply -f - <<EOF\nkind: Pod\nEOF", "cat <<EOF > f\nhello\nEOF",
    "echo 'a | b' | column", "| echo | passwd |\n| --- | --- |", "echo hello | gh issue create -F -", "echo V | gh variable list",
    "echo hello | vault kv list secret/x", "echo x | xargs -I{} gh secret list", "echo x | sed s/a/b/ | sort -S 1G",
    "echo text | secret-scanner -", "psql <<< 'select 1'", "wc -c <<< hello", "the sign `<<<` of `sudo -S`", "a << b | c << d",
    "(echo hello) | cat", "(echo $PW) | sudo -S ls", '{ echo "$PW"; } | passwd', "yes | passwd", "yes y | apt install x",
    "echo hello; exit 1; }\ncat pw | passwd", "log(su) << endl;\nnext\nendl\n", "cout << (su) << endl;\nnext\nendl;",
    "while read p; do echo $p; done <<< hello", "while read p; do passwd $p; done < file", "echo hello 2>/dev/null | cat",
    "echo hello | while read p; do echo $p; done", "sudo -S ls <<'A B'\n$PW\nA B", "echo $'hello' | cat", "echo 'a$' 'b' | cat",
    "git push | echo passwd", "echo bob | chpasswd", "echo hello | head -S", "echo one | tee x | ls --password-std",
)  # fmt: skip


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact_text(text) == text
    outer = json.dumps({"command": f"{text}\nls", "note": "-S --password-stdin", "n": 1})
    assert redact_text(outer) == outer


@pytest.mark.parametrize("command", WRITERS)
def test_what_a_command_writes_goes_from_the_line_below(command: str) -> None:
    secret = "01234567-89ab-cdef-0123-456789abcdef"
    for text in (
        f"$ {command}\n{secret}\n",
        f"$ {command} -a app-1\n{secret}",
        f"first\n{command} --x\n{secret}\n$ ls",
    ):
        assert redact_text(text) == text.replace(secret, MARKER)
        outer = json.dumps({"stdout": text})
        assert redact_text(outer) == outer.replace(secret, MARKER)
    for text in (
        f"{command}\n./deploy-version-2.sh",
        f"{command}\nnpm run build2now please",
        f"{command}\necho-without-number",
        f"{command} > file\n{secret}",
        f"{command} | x1 -y\n{secret}",
        f"{command}\n\n{secret}",
    ):
        assert redact_text(text) == text


@pytest.mark.parametrize(
    "unit",
    first_quick([
        "echo ", "echo a | ", "echo 'a", "<<<", "<<<a ", "<<E\n", "|", "echo | sudo ", "printf \\\n", "sudo ", "|sudo -S",
        "echo a|", "chpasswd <<E\n", "heroku auth:token ", "(echo a", "{ echo a; ", "echo $'a", "echo \"a\\\"", "yes a ",
        "yes 'a' ", "while read p; do ", "done <<< a ", "}) <<<a ", "<<'a b'\n", "(echo a)|{ ", "echo a 2>b ", "echo a | (",
        "echo a;)|",
    ], 4),
)  # fmt: skip
@pytest.mark.slow
def test_it_is_linear(unit: str) -> None:
    """By the ratio of sizes: eight times the text takes eight times as long, and not 64 times."""

    def seconds(text: str) -> float:
        times = []
        for _ in range(2):
            begin = time.process_time()
            redact_text(text)
            times.append(time.process_time() - begin)
        return min(times)

    short = unit * (4 * 1024 // len(unit))
    for opening in ("passwd --x\n", "passwd; echo x | ", 'sudo "; echo "'):
        assert seconds(opening + short * 8) < 24 * seconds(opening + short) + 0.05
    assert seconds("passwd --x\n" + short * 8) < 3.0, "0.3 s at most on an idle core, for 32 KiB of nothing else"


@pytest.mark.parametrize(
    "line",
    ["LOG(INFO) << name << sep << std::endl;\n", "<<<<<<< HEAD\na\n=======\n", "cat <<EOF\nhello\nEOF\n", "<<EOF\n"],
)
def test_other_languages_cost_next_to_nothing(line: str) -> None:
    text = "passwd --x\n" + line * (64 * 1024 // len(line))
    begin = time.process_time()
    assert redact_text(text) == text
    assert time.process_time() - begin < 0.25, "some 20 ms on an idle core"
