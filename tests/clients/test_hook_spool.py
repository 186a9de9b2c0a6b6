"""Events on disk: order, bounds, several processes, what is refused, and what it costs."""

from __future__ import annotations

import fcntl
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from loopgraph.clients.hook_spool import Outcome, Spool

URL = "http://here"


def spool_of(root: Path, number: int, **options: int) -> Spool:
    """A spool in which so many events wait."""
    spool = Spool(root, URL, **options)
    for at in range(number):
        assert spool.put(at, f"id{at}", b"event")
    return spool


def files_of(spool: Spool) -> list[Path]:
    return [path for path in spool.folder.rglob("*.json") if not path.name.startswith(".")]


def test_a_full_spool_drops_and_counts(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "http://here", max_bytes=100)
    assert [spool.put(number, "id", b"x" * 40) for number in range(4)] == [True, True, False, False]
    assert (spool.waiting(), spool.drops()) == ((2, 80), {"full": 2})


def test_two_senders_do_not_send_the_same_and_a_crash_loses_nothing(tmp_path: Path) -> None:
    spool, sent = Spool(tmp_path, "http://here"), []
    for number in range(3):
        spool.put(number, f"id{number}", b"event")

    def second_sender(at_ns: int, execution_id: str, event: bytes) -> bool:
        assert Spool(tmp_path, "http://here").send(lambda *_: pytest.fail("this one is alone")) == 0
        sent.append(execution_id)
        if execution_id == "id1":
            raise RuntimeError("the process ends here")
        return True

    with pytest.raises(RuntimeError):
        spool.send(second_sender)
    assert spool.waiting()[0] == 2, "the one whose sending was cut short is still there"
    spool.send(lambda at_ns, execution_id, event: (sent.append(execution_id), True)[1])
    assert sent == ["id0", "id1", "id1", "id2"]


@pytest.mark.lengthy
def test_sending_keeps_to_its_time(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "http://here")
    for number in range(50):
        spool.put(number, "id", b"event")
    gone = spool.send(lambda *_: (time.sleep(0.02), True)[1], until=time.monotonic() + 0.1)
    assert gone <= 6
    assert spool.waiting()[0] == 50 - gone


@pytest.mark.lengthy
def test_events_go_in_the_order_of_their_instants(tmp_path: Path) -> None:
    spool, sent = spool_of(tmp_path, 1000), list[int]()
    assert spool.send(lambda at_ns, *_: (sent.append(at_ns), True)[1]) == 1000
    assert sent == list(range(1000))
    assert files_of(spool) == []
    assert not [path for path in spool.folder.iterdir() if path.is_dir()], "empty buckets go"
    assert spool.put(5, "late", b"event")
    assert spool.put(4, "later", b"event")
    spool.send(lambda at_ns, *_: (sent.append(at_ns), True)[1])
    assert sent[1000:] == [4, 5]


@pytest.mark.exhaustive
@pytest.mark.lengthy
@pytest.mark.parametrize("number", [3, 3000])
def test_a_spool_of_the_old_layout_is_sent_the_oldest_first(tmp_path: Path, number: int) -> None:
    spool, sent = Spool(tmp_path, URL, max_bytes=(number + 2) * 5), list[int]()
    spool.folder.mkdir()
    for at in range(number):
        (spool.folder / f"{at:020d}-{os.urandom(16).hex()}.json").write_bytes(b"event")
    assert spool.put(number, "new", b"event")
    assert spool.put(number + 1, "new", b"event")
    assert not spool.put(number + 2, "new", b"event"), "the old ones count, too"
    assert spool.waiting() == (number + 2, (number + 2) * 5)

    def post(at_ns: int, *_: object) -> Outcome:
        sent.append(at_ns)
        return Outcome.ACCEPTED if len(sent) % 500 else Outcome.AWAY

    while spool.waiting()[0]:
        spool.send(post)
    assert list(dict.fromkeys(sent)) == list(range(number + 2))


@pytest.mark.exhaustive
@pytest.mark.lengthy
def test_what_a_put_touches_does_not_grow_with_the_spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what is asked of the file system; seconds say little on a busy machine."""
    asked: list[object] = []
    for name in ("scandir", "listdir", "stat", "open", "rename", "mkdir"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *args, _real=real, **more: (asked.append(args), _real(*args, **more))[1])
    spool = spool_of(tmp_path, 1)

    def cost() -> int:
        before = len(asked)
        assert spool.put(10**18, os.urandom(16).hex(), b"event")
        return len(asked) - before

    first = cost()
    for at in range(2000):
        spool.put(at, f"more{at}", b"event")
    assert max(cost() for _ in range(300)) <= first + 1, "a new bucket now and then"

    spool.send(lambda *_: None)
    before = len(asked)
    spool.send(lambda *_: None)
    assert len(asked) - before < 10, "a service that is away costs no look at all that waits"


def test_several_processes_keep_within_the_bound(tmp_path: Path) -> None:
    def put(process: int) -> int:
        spool = Spool(tmp_path, URL, max_bytes=1000)
        return sum(spool.put(at, f"id{process}", b"x" * 10) for at in range(100))

    with ThreadPoolExecutor(8) as pool:
        kept = sum(pool.map(put, range(8)))
    assert 100 <= kept < 108, "whoever does not get the lock in time may pass another"
    assert Spool(tmp_path, URL).waiting() == (kept, 10 * kept)
    assert sum(Spool(tmp_path, URL).drops().values()) == 800 - kept


def test_a_process_that_stands_still_with_the_lock_keeps_nobody_waiting(tmp_path: Path) -> None:
    spool = spool_of(tmp_path, 2, max_bytes=20)
    with (spool.folder / ".counts").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert spool.put(2, "id", b"event")
        assert spool.put(3, "id", b"event")
        assert not spool.put(4, "id", b"event"), "the bound holds without the lock"
    sent: list[int] = []
    assert spool.send(lambda at_ns, *_: (sent.append(at_ns), True)[1]) == 4
    assert sent == [0, 1, 2, 3]


def test_counts_that_are_wrong_are_mended_before_anything_is_dropped(tmp_path: Path) -> None:
    spool = spool_of(tmp_path, 4, max_bytes=20)
    for path in files_of(spool)[:2]:
        path.unlink()  # as if the process were killed before it could count
    assert spool.put(4, "id", b"event") is False, "counted a moment ago"
    counts = spool.folder / ".counts"
    size, bucket, filled, _ = counts.read_text().split()
    counts.write_text(f"{size} {bucket} {filled} 0")
    assert spool.put(5, "id", b"event")
    counts.write_text("torn")
    assert spool.put(6, "id", b"event")
    assert not spool.put(7, "id", b"event")


class TestWhatIsRefused:
    def test_it_is_set_aside_and_can_be_sent_again(self, tmp_path: Path) -> None:
        spool = spool_of(tmp_path, 5)
        assert spool.send(lambda at_ns, *_: at_ns != 2) == 5
        assert (spool.waiting(), spool.refused()) == ((0, 0), (1, 5))
        assert spool.send_refused(lambda *_: False) == 0
        assert spool.refused() == (1, 5)
        again: list[tuple[int, str, bytes]] = []
        assert spool.send_refused(lambda *event: (again.append(event), True)[1]) == 1
        assert (again, spool.refused()) == ([(2, "id2", b"event")], (0, 0))

    def test_it_stays_where_nothing_else_is_taken(self, tmp_path: Path) -> None:
        spool, asked = spool_of(tmp_path, 100), list[int]()
        for _ in range(5):
            assert spool.send(lambda at_ns, *_: (asked.append(at_ns), False)[1]) == 0
        assert (spool.waiting()[0], spool.refused()[0]) == (100, 0)
        assert len(asked) <= 5 * 20, "and is not asked for all"

    def test_the_last_one_is_set_aside_if_the_service_takes_new_ones(self, tmp_path: Path) -> None:
        spool = spool_of(tmp_path, 1)
        assert spool.send(lambda *_: Outcome.REFUSED) == 0
        assert spool.send(lambda *_: Outcome.REFUSED, accepts=True) == 1
        assert spool.refused() == (1, 5)

    @pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.BARRED])
    def test_one_that_fails_is_tried_again_before(self, tmp_path: Path, outcome: Outcome) -> None:
        spool = spool_of(tmp_path, 1)
        assert [spool.send(lambda *_: outcome, accepts=True) for _ in range(3)] == [0, 0, 1]
        assert (spool.waiting()[0], spool.refused()[0]) == (0, 1)

    def test_a_wrong_token_sets_nothing_aside_however_often_it_is_asked(self, tmp_path: Path) -> None:
        spool, asked = spool_of(tmp_path, 100), list[int]()
        for _ in range(10):
            assert spool.send(lambda at_ns, *_: (asked.append(at_ns), Outcome.BARRED)[1]) == 0
        assert (spool.waiting()[0], spool.refused()[0]) == (100, 0)
        assert asked == list(range(20)) * 10, "and is not asked for all"
        assert spool.send(lambda *_: True) == 100

    def test_what_is_barred_once_more_keeps_no_other_back(self, tmp_path: Path) -> None:
        spool = spool_of(tmp_path, 9)
        spool.send(lambda at_ns, *_: at_ns > 7)
        assert spool.refused()[0] == 8
        assert spool.send_refused(lambda at_ns, *_: Outcome.BARRED if at_ns < 7 else True) == 1

    def test_there_is_a_bound_and_what_is_beyond_is_counted(self, tmp_path: Path) -> None:
        spool = spool_of(tmp_path, 8, max_bytes=80)
        assert spool.send(lambda at_ns, *_: at_ns == 7) == 8
        assert (spool.refused(), spool.drops()) == ((2, 10), {"refused": 5})

    def test_every_file_is_the_users_own(self, tmp_path: Path) -> None:
        spool = spool_of(tmp_path, 3)
        spool.send(lambda at_ns, *_: at_ns == 1)
        assert {path.stat().st_mode & 0o077 for path in (spool.folder, *spool.folder.rglob("*"))} == {0}


@pytest.mark.lengthy
def test_what_is_wrong_beyond_doubt_is_set_aside_although_nothing_is_taken_and_can_be_dropped(tmp_path: Path) -> None:
    spool = spool_of(tmp_path, 600)
    outcomes = {at: Outcome.WRONG if at % 2 else Outcome.REFUSED for at in range(600)}
    while spool.send(lambda at_ns, *_: outcomes[at_ns]):
        pass
    assert spool.refused()[0] >= 19, "between those in doubt, which keep it from going on"
    assert spool.waiting()[0] + spool.refused()[0] == 600
    outcomes = dict.fromkeys(outcomes, Outcome.WRONG)
    spool.send(lambda at_ns, *_: outcomes[at_ns])
    assert (spool.waiting(), spool.refused()) == ((0, 0), (600, 3000))
    assert spool.drop_refused() == 600
    assert (spool.refused(), spool.drops(), spool.drop_refused()) == ((0, 0), {}, 0)
    assert not [path for path in spool.refused_folder.iterdir() if path.is_dir()]
