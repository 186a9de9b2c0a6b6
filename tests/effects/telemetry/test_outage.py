"""What the log has of a receiver that takes nothing: its beginning, a word now and then, and its end."""

from __future__ import annotations

import logging

import pytest

from loopgraph.effects.telemetry import outage
from loopgraph.effects.telemetry.outage import Outage

logger = logging.getLogger("loopgraph.effects.telemetry")


def test_an_outage_is_told_when_it_begins_now_and_then_and_when_it_is_over(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, logger.name)
    of = Outage(logger, "the service's metrics", "http://collector")
    of.is_over()
    for why in ("HTTP 503", "no route", "HTTP 502", "no route"):
        of.is_so(why)
    assert caplog.messages == [
        "the service's metrics are not taken at http://collector (HTTP 503): they are lost until they are"
    ]
    monkeypatch.setattr(outage, "AGAIN_S", 0.0)
    of.is_so("no route")
    assert caplog.messages[1:] == [
        "the service's metrics are still not taken at http://collector (no route): they are lost until they are"
    ]
    of.is_over()
    of.is_over()
    assert caplog.messages[2:] == ["the service's metrics are taken at http://collector again"]
    of.is_so()
    assert caplog.messages[3:] == [
        "the service's metrics are not taken at http://collector: they are lost until they are"
    ]
