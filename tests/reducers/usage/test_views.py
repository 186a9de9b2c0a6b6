from datetime import UTC, datetime, timedelta

import pytest

from loopgraph.contracts.analytics.subjects import Subject, SubjectKind
from loopgraph.contracts.analytics.sums import UsageSums
from loopgraph.contracts.analytics.views import TimeRange
from loopgraph.contracts.analytics.windows import Counted
from loopgraph.reducers.usage.spans import bucketed
from loopgraph.reducers.usage.views import by_number, by_success, endpoint_row, hook_row

DAY = datetime(2025, 5, 1, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        (DAY, DAY + 24 * HOUR, (DAY, DAY + 24 * HOUR)),
        (DAY + HOUR, DAY + 25 * HOUR, (DAY + HOUR, DAY + 25 * HOUR)),
        (DAY, DAY + 23 * HOUR, None),
        (DAY, DAY + 24 * HOUR + SECOND, None),
        (DAY + SECOND, DAY + 7 * 24 * HOUR + SECOND, (DAY, DAY + 7 * 24 * HOUR + HOUR)),
        (None, DAY, (datetime(1970, 1, 1, tzinfo=UTC), DAY)),
        (DAY, None, (DAY, datetime(9999, 12, 31, tzinfo=UTC))),
        (datetime(1900, 1, 1, tzinfo=UTC), DAY, None),
    ],
)
def test_which_ranges_buckets_answer(
    since: datetime | None, until: datetime | None, found: tuple[datetime, datetime] | None
) -> None:
    window = bucketed(TimeRange(since=since, until=until))
    assert (window and (window.since, window.until)) == found


def test_what_goes_on_is_in_no_row() -> None:
    def agent(name: str, executions: int, successes: int, failures: int) -> Counted:
        return Counted(Subject(SubjectKind.AGENT, name), executions, successes, failures)

    found = [agent("goes on", 9, 0, 0), agent("half", 8, 2, 2), agent("all", 3, 2, 0), agent("most", 9, 6, 2)]
    assert [one.subject.name for one in by_success(found, 9)] == ["all", "most", "half"]
    assert [one.subject.name for one in by_number(found, 2)] == ["most", "half"]


def test_rows_name_what_they_are_about() -> None:
    hook = hook_row(Subject(SubjectKind.TOOL, "", "Stop"), UsageSums(executions=1))
    assert (hook.hook_type, hook.tool_name, hook.execution_count, hook.avg_quality_gates) == ("Stop", None, 0, 0)
    endpoint = endpoint_row(
        Subject(SubjectKind.ENDPOINT, "/x", "api"),
        UsageSums(executions=4, successes=2, failures=2, retries=6, errors={"b": 1, "a": 1}),
    )
    assert (endpoint.service_name, endpoint.endpoint_path, endpoint.avg_retries_per_call) == ("api", "/x", 1.5)
    assert endpoint.error_types == ("a", "b")
