"""Neo4j Community without Docker: its own jars, fetched by Maven and run by a JDK of this machine."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.engines.bolt import agent_of, ask, once_it_answers
from support.engines.cache import cache_folder, filled_once
from support.engines.java import QUICK, find_java
from support.engines.model import EngineUnderTest, Source, Unavailable
from support.engines.processes import child, free_port

_USER = "neo4j"
_FIRST_PASSWORD = "neo4j"
_PASSWORD = "loopgraph-tests"
_FETCHING_S = 300
_COPY_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy-dependencies"

_POM = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>loopgraph.tests</groupId><artifactId>neo4j-community</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.neo4j</groupId><artifactId>neo4j</artifactId><version>{version}</version></dependency>
  </dependencies>
</project>
"""

_CONF = """\
server.bolt.listen_address=127.0.0.1:{port}
server.http.enabled=false
server.https.enabled=false
server.memory.pagecache.size=256m
db.tx_log.preallocate=false
dbms.usage_report.enabled=false
"""

_OPENED = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent", "java.lang")


@dataclass(frozen=True)
class Neo4jRelease:
    """A pinned release, the class it starts with, and the Java feature releases it runs on."""

    name: str
    version: str
    main_class: str
    oldest_java: int
    newest_java: int | None = None


def from_jars(release: Neo4jRelease, java_options: tuple[str, ...] = QUICK) -> Source:
    """The release as a child process of this run, with a new store."""

    @contextlib.contextmanager
    def run(folder: Path) -> Iterator[EngineUnderTest]:
        java = find_java(release.oldest_java, release.newest_java)
        jars = filled_once(cache_folder() / f"neo4j-{release.version}", lambda staging: _fetch(release, staging))
        port = free_port()
        home = folder / "home"
        (home / "conf").mkdir(parents=True)
        (home / "conf" / "neo4j.conf").write_text(_CONF.format(port=port))
        log = folder / "console.log"
        url = f"bolt://127.0.0.1:{port}"
        with child([java, *java_options, *_arguments(release, jars, home)], log) as process:
            try:
                once_it_answers(lambda: _change_password(url), alive=lambda: process.poll() is None)
                agent = once_it_answers(lambda: agent_of(url, _USER, _PASSWORD))
            except Exception as error:
                for written in (log, home / "logs" / "neo4j.log"):
                    if written.exists():
                        error.add_note(f"The end of {written.name}:\n{written.read_text(errors='replace')[-2000:]}")
                raise
            yield EngineUnderTest(release.name, url, _USER, _PASSWORD, None, agent)

    return run


def _arguments(release: Neo4jRelease, jars: Path, home: Path) -> list[str]:
    opened = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED]
    folders = [f"--home-dir={home}", f"--config-dir={home / 'conf'}"]
    return [*opened, "-Xmx1g", "-cp", f"{jars}/*", release.main_class, *folders]


def _change_password(url: str) -> None:
    """The first login may do nothing else."""
    statement = "ALTER CURRENT USER SET PASSWORD FROM $old TO $new"
    ask(url, _USER, _FIRST_PASSWORD, "system", statement, old=_FIRST_PASSWORD, new=_PASSWORD)


def _fetch(release: Neo4jRelease, folder: Path) -> None:
    what = f"Neo4j {release.version}"
    maven = shutil.which("mvn")
    if maven is None:
        raise Unavailable(f"{what} is not in {cache_folder()}, and there is no mvn to fetch it")
    pom = folder.with_name("pom.xml")
    pom.write_text(_POM.format(version=release.version))
    options = ["-q", "-B", "-f", str(pom), f"-DoutputDirectory={folder}", "-DincludeScope=runtime"]
    try:
        done = subprocess.run(
            [maven, *options, _COPY_DEPENDENCIES],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_FETCHING_S,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"Maven could not fetch {what} in {_FETCHING_S} s") from None
    if done.returncode != 0:
        # Its first error line names the cause; the lines after it are advice.
        _, _, error = (done.stdout + done.stderr).partition("[ERROR] ")
        raise Unavailable(f"Maven could not fetch {what}: {error.partition(chr(10))[0] or 'it gave no reason'}")
