"""``loopgraph outcomes …``: what came of work, told to the service by who found it out."""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import uuid4

import typer

from loopgraph.clients.address import service_url
from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.asking import ask
from loopgraph.commands.commit_steps import commit_steps, counting_outcomes
from loopgraph.commands.service_options import TokenEnv, Url, token_option
from loopgraph.commands.terminal import out, plainly, shown
from loopgraph.contracts.counted import counted
from loopgraph.errors import InvalidInput, SetupError

if TYPE_CHECKING:
    from loopgraph.contracts.loop.commits import CommitTie, OutcomeOfCommits

outcomes = typer.Typer(no_args_is_help=True, help="Report what came of work: tests, rewards, what became of commits.")

_REPORT: Final = """mutation ($input: ReportOutcomeInput!) {
  reportOutcome(input: $input) {
    __typename
    ... on ReportedOutcomePayload { repeated outcome { outcomeId value counts } }
    ... on Error { message }
  }
}"""
_YES, _NO = frozenset({"true", "yes", "passed", "pass"}), frozenset({"false", "no", "failed", "fail"})


class Service:
    """The service at an address."""

    def __init__(self, url: str | None, token_env: str | None) -> None:
        self.address = (url or service_url(os.environ)).rstrip("/")
        self._token = token_option(token_env)

    def read(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The data of an answer. Raises SetupError."""
        return ask(self.address, self._token, query, variables, tries=2)

    def report(self, outcome: Mapping[str, Any]) -> dict[str, Any]:
        """What became of an outcome, which has an id and so may be sent again. Raises SetupError, InvalidInput."""
        try:
            answer: dict[str, Any] = ask(self.address, self._token, _REPORT, {"input": outcome}, tries=2)[
                "reportOutcome"
            ]
        except SetupError as error:
            raise SetupError(f"it is not known whether it is reported: {error}") from error
        if answer["__typename"] != "ReportedOutcomePayload":
            raise InvalidInput("outcome", answer["message"])
        return answer


@outcomes.command()
@plainly
def report(
    name: Annotated[str, typer.Argument(help="What was looked at, such as tests or reward.")],
    value: Annotated[str, typer.Argument(help="true or false (passed, failed; yes, no), or a number.")],
    source: Annotated[str, typer.Option(help="Who found it out, such as ci. A later report of it corrects this one.")],
    trace: Annotated[str | None, typer.Option(help="The trace that it is about.")] = None,
    session: Annotated[str | None, typer.Option(help="Or the session that it is about.")] = None,
    execution: Annotated[str | None, typer.Option(help="Or the execution that it is about.")] = None,
    version: Annotated[str | None, typer.Option(help="Or the version that --unit used.")] = None,
    unit: Annotated[str | None, typer.Option(help="The unit that used the version.")] = None,
    at: Annotated[
        str | None, typer.Option(help="When it was found out, as 2026-05-01T12:00:00Z; default: now.")
    ] = None,
    evidence: Annotated[
        str | None, typer.Option(help="Where it can be looked up, such as the address of a build.")
    ] = None,
    outcome_id: Annotated[str | None, typer.Option("--id", help="An id of your own makes a retry safe.")] = None,
    as_json: AsJson = False,
    url: Url = None,
    token_env: TokenEnv = None,
) -> None:
    """Report one outcome: that tests passed, a reward, whatever is found out after the work.

    The latest of one source and name about the same thing counts.
    """
    given = {
        "correlationId": trace,
        "sessionId": session,
        "executionId": execution,
        "nodeId": version,
        "unit": unit,
        "at": at,
        "evidence": evidence,
    }
    told = {name: one for name, one in given.items() if one is not None}
    outcome = {**told, "name": name, "source": source, **_value(value), "outcomeId": outcome_id or str(uuid4())}
    answer = Service(url, token_env).report(outcome)
    if as_json:
        print_json({**answer["outcome"], "repeated": answer["repeated"]})
        return
    kept, again = answer["outcome"], " again" if answer["repeated"] else ""
    standing = "" if kept["counts"] else "; a later one counts in its place"
    out.print(
        f"reported{again}: {name} {value}, by {source}: {kept['outcomeId']}{standing}", markup=False, soft_wrap=True
    )


@outcomes.command()
@plainly
def git(
    repository: Annotated[Path, typer.Argument(help="A folder of the repository.")] = Path(),
    main: Annotated[
        str | None,
        typer.Option(help="The branch that counts as merged; default: main, master, trunk, or the remote's."),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3_650, help="Work of the last so many days is looked at.")] = 90,
    project: Annotated[
        list[str] | None,
        typer.Option(help="A project whose work is looked at; default: the folders of the repository's work trees."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be reported.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    token_env: TokenEnv = None,
) -> None:
    """Tell what became of the commits that agents made in a repository: merged, reverted, lost, fixed up later.

    It may be run again at any time: what has changed corrects what was told before. Nothing is changed in the repository.
    """
    asyncio.run(_git(Service(url, token_env), repository, main, days, project or [], dry_run, as_json))


async def _git(
    service: Service, folder: Path, main: str | None, days: int, projects: list[str], dry_run: bool, as_json: bool
) -> None:
    from datetime import timedelta

    from loopgraph.effects.clock import now
    from loopgraph.effects.git.commits import CommitReads
    from loopgraph.effects.git.repository import GitRepository
    from loopgraph.orchestrators.loop.commit_outcomes import commit_outcomes

    since = now() - timedelta(days=days)
    async with GitRepository(folder) as repository:
        reads = CommitReads(repository)
        main_name = main or await reads.main_name()
        named = projects or await reads.folders()
        steps = commit_steps(service.read, named, since)
        made, found = await commit_outcomes(reads, steps, main_name, since - timedelta(days=1))
        source = f"git:{(await repository.identity(main_name))[:12]}"
    if as_json:
        changes = _report_changes(service, found, source, dry_run=dry_run)
        ties = [{"sha": tie.sha, "correlation_id": tie.step.correlation_id, "rule": tie.rule} for tie in made]
        print_json({"steps": len(steps), "commits": ties, "outcomes": changes, "reported": not dry_run})
        return
    traces = sorted({tie.step.correlation_id for tie in made})
    out.print(
        f"{counted(len(steps), 'step')} ran git commit, {counted(len(made), 'commit')} "
        f"of {counted(len(traces), 'trace')} are known in the repository",
        markup=False,
        soft_wrap=True,
    )
    _tell(made)
    changed = _report_changes(service, found, source, dry_run=dry_run, tell=_tell_change)
    out.print(f"{'would report' if dry_run else 'reported'} {counted(len(changed), 'outcome')}", markup=False)


def _tell(made: list[CommitTie]) -> None:
    for tie in made:
        out.print(f"  {tie.sha[:10]} {shown(tie.step.correlation_id)} ({tie.rule})", markup=False, soft_wrap=True)


def _tell_change(change: Mapping[str, Any]) -> None:
    out.print(
        f"  {change['name']} {'yes' if change['holds'] else 'no'}: {shown(change['correlation_id'])}: "
        f"{shown(change['evidence'])}",
        markup=False,
        soft_wrap=True,
    )


def _report_changes(
    service: Service,
    found: list[OutcomeOfCommits],
    source: str,
    *,
    dry_run: bool,
    tell: Callable[[Mapping[str, Any]], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """The outcomes that are other than was told before. The id of one follows from what it says and from the one that it
    corrects: so a retry is one, and what is as it was before that is told again."""
    from hashlib import sha256

    before = counting_outcomes(service.read, sorted({one.correlation_id for one in found}), source)
    changed: list[dict[str, Any]] = []
    for one in found:
        earlier = before.get((one.correlation_id, one.name))
        if one.holds is None and earlier is None:
            continue
        holds = bool(one.holds)
        if earlier and (earlier["holds"], earlier["evidence"]) == (holds, one.evidence):
            continue
        change = {"correlation_id": one.correlation_id, "name": one.name, "holds": holds, "evidence": one.evidence}
        changed.append(change)
        tell(change)
        if dry_run:
            continue
        said = "\n".join(
            [source, one.correlation_id, one.name, str(holds), one.evidence, earlier["outcomeId"] if earlier else ""]
        )
        service.report(
            {
                "correlationId": one.correlation_id,
                "name": one.name,
                "holds": holds,
                "source": source,
                "rule": one.rule.value,
                "evidence": one.evidence,
                "outcomeId": f"git-{sha256(said.encode()).hexdigest()[:32]}",
            }
        )
    return changed


def _value(text: str) -> dict[str, bool | float]:
    word = text.strip().lower()
    if word in _YES | _NO:
        return {"holds": word in _YES}
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidInput("VALUE", f"must be true or false (passed, failed; yes, no) or a finite number, not {text!r}")
    return {"value": number}
