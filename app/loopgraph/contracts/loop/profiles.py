"""Named sets of inputs of the loop: the usage profiles of seed 001."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from loopgraph.contracts.loop.feedback import FeedbackType


class LoopProfile(StrEnum):
    """What a pattern is for, and so how careful the loop is with it."""

    CONSERVATIVE = "conservative"
    AGGRESSIVE = "aggressive"
    QUALITY = "quality"
    MONITORING = "monitoring"

    @property
    def inputs(self) -> dict[str, Any]:
        """The fields of ``LoopInput`` that it sets."""
        return dict(_INPUTS[self])


_INPUTS: Final[Mapping[LoopProfile, dict[str, Any]]] = MappingProxyType(
    {
        LoopProfile.CONSERVATIVE: {
            "time_window_days": 30,
            "auto_apply_threshold": 0.99,
            "min_sample_size": 100,
            "significance_level": 0.01,
        },
        LoopProfile.AGGRESSIVE: {
            "time_window_days": 3,
            "auto_apply_threshold": 0.85,
            "min_sample_size": 20,
            "significance_level": 0.10,
        },
        LoopProfile.QUALITY: {
            "feedback_type": FeedbackType.QUALITY,
            "time_window_days": 14,
            "auto_apply_threshold": 0.90,
            "min_sample_size": 50,
        },
        LoopProfile.MONITORING: {"auto_apply_threshold": 1.0, "enable_ab_testing": False},
    }
)
