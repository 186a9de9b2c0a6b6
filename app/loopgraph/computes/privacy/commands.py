"""The well-known commands that have a secret among their arguments: ``mysql -phunter2``, ``vault kv put x k=v``, …"""

from __future__ import annotations

from typing import Final, NamedTuple


class Command(NamedTuple):
    """Which arguments of the commands ``names`` are secrets.

    ``options``: ``-p`` has its value in the next word (or behind ``=``), ``-p*`` in the same word, ``-p?`` in either. A sign
    at the end says which part of the value is secret: ``-u?:`` what follows a colon, likewise ``%``, ``=``, ``,``; ``-passin~``
    what follows ``pass:``. ``behind``: the words that must come first (``docker login``). Of the arguments without a dash that
    come then, a secret is the ``nth``, counted from 1, if the letter ``flag`` is given where there is one, and of it, where
    ``part`` is a sign, what stands between that and the last ``@``; with ``pairs`` what follows the ``=`` of each; with ``named``
    what follows the name of a secret. ``leading``: the first of them begins another command. ``slashes``: options begin with one.
    """

    names: str
    options: str = ""
    behind: str = ""
    nth: int = 0
    flag: str = ""
    pairs: bool = False
    named: bool = False
    part: str = ""
    leading: bool = False
    slashes: bool = False


COMMANDS: Final = (
    # databases
    Command(
        "mysql mysqldump mysqladmin mysqlimport mysqlcheck mysqlshow mysqlpump mysqlsh mysqlslap mysqlbinlog", "-p*"
    ),
    Command("mariadb mariadb-dump mariadb-admin mariadb-import mariadb-check mariadb-backup", "-p*"),
    Command("mongosh mongo mongodump mongorestore mongoexport mongoimport mongostat mongotop", "-p?"),
    Command("redis-cli valkey-cli", "-a --pass"),
    Command("sqlcmd bcp osql", "-P?"),
    Command("cqlsh cypher-shell clickhouse-client", "-p"),
    Command("sqlplus sqlplus64 sqlldr expdp impdp", nth=1, part="/"),
    Command("rman", behind="target", nth=1, part="/"),
    Command("neo4j-admin", behind="set-initial-password", nth=1),
    Command("rabbitmqctl", behind="add_user", nth=2),
    Command("rabbitmqctl", behind="change_password", nth=2),
    # registries and packages
    Command("docker podman nerdctl buildah skopeo oras crane helm", "-p?", behind="login"),
    Command("twine", "-p?", behind="upload"),
    Command("poetry", "-p?", behind="publish"),
    Command("cargo", behind="login", nth=1),
    Command("npm yarn pnpm", behind="config set", named=True),
    Command("pip pip3", behind="config set", named=True),
    Command("poetry", behind="config", named=True),
    Command("poetry", behind="config pypi-token.pypi", nth=1),
    # clouds and clusters
    Command("aws", behind="configure set", named=True),
    Command("aws", "--value", behind="ssm put-parameter"),
    Command("az", "--value", behind="keyvault secret set"),
    Command("doctl", "-t? --access-token", behind="auth init"),
    Command("snyk", behind="auth", nth=1),
    Command("az oc cf ibmcloud bx", "-p", behind="login"),
    Command("kubectl oc", "--from-literal=", behind="create secret"),
    Command("gh", "-b --body", behind="secret set"),
    Command("glab", "-v --value", behind="variable set"),
    Command("fly flyctl doppler", behind="secrets set", pairs=True),
    Command("vault bao", behind="kv put", pairs=True),
    Command("vault bao", behind="kv patch", pairs=True),
    Command("vault bao", behind="write", pairs=True),
    Command("vault bao", behind="login", nth=1),
    Command("git", behind="config", named=True),
    # transfer and remote hosts
    Command("curl", "-u?: --user: -U?: --proxy-user: --pass --proxy-pass"),
    Command("curl", "-b?="),
    Command("mc", behind="alias set", nth=4),
    Command("rclone", behind="config create", named=True),
    Command("nmcli", behind="wifi connect", named=True),
    Command("http https httpie xh xhs", "-a?:"),
    Command("sshpass", "-p?", leading=True),
    Command("smbclient rpcclient smbget", "-U?% --user%"),
    Command("lftp", "-u?,"),
    Command("ncftp ncftpget ncftpput evil-winrm psexec rdesktop", "-p"),
    Command("pscp plink psftp", "-pw"),
    Command("ldapsearch ldapmodify ldapadd ldapdelete ldapwhoami ldapcompare", "-w?"),
    Command("ldappasswd", "-w? -s -a"),
    Command("mosquitto_pub mosquitto_sub ipmitool", "-P?"),
    Command("snmpget snmpwalk snmpset snmpbulkwalk", "-A -X"),
    # users and environments
    Command("useradd usermod", "-p --password"),
    Command("setx", named=True),
    Command("net net1", behind="user", nth=2, slashes=True),
    # files and keys
    Command("openssl", "-passin~ -passout~ -k -K"),
    Command("ssh-keygen", "-N -P"),
    Command("htpasswd", nth=3, flag="b"),
    Command("zip unzip zipcloak", "-P?"),
    Command("7z 7za 7zr 7zz", "-p*"),
    Command("rar unrar", "-p* -hp*"),
    Command("qpdf", "--password --decrypt-password"),
    Command("wpa_passphrase", nth=2),
    Command("ansible-vault", behind="encrypt_string", nth=1),
)
"""To know another one, add a line here, and an example to the tests, which ask for one of each."""
