"""Series for tests. ``NILE`` is its yearly flow at Aswan, 1871 to 1970 (Cobb, Biometrika 65, 1978; R's ``Nile``): a hundred
public numbers with a known change of level in 1899."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from loopgraph.computes.analytics.trends.series import Floats, Series
from loopgraph.contracts.analytics.trends import Period, Scale

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)

# fmt: off
NILE = np.array([
    1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799, 958, 1140,
    1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833, 701, 916, 692, 1020, 1050, 969,
    831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845, 864, 862, 698, 845, 744, 796, 1040, 759,
    781, 865, 845, 944, 984, 897, 822, 1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848, 890,
    744, 749, 838, 1050, 918, 986, 797, 923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740,
], dtype=float)
# fmt: on
"""Shape (100,); the first 28 are those before the change."""


def by_week(values: Floats, scale: Scale = Scale.REAL) -> Series:
    """Values without a season."""
    return Series(MONDAY, Period.WEEK, scale, np.asarray(values, dtype=float))


def by_day(values: Floats, scale: Scale = Scale.COUNT) -> Series:
    """Values of days, of which the first is a Monday."""
    return Series(MONDAY, Period.DAY, scale, np.asarray(values, dtype=float))
