"""What names mean that tell how things develop; see the package."""

NAMES = {
    "(classifications)": "Which classes; left out: all, and those that cannot be told.",
    "(threshold)": "By which part of its mean a use must have declined over the window, 0..2; 0.5 is half of it.",
    "(period)": "How long a period is.",
    **dict.fromkeys(
        (
            f"{field}(window)"
            for field in ("trends", "emergingPatterns", "decliningPatterns", "seriesAnalysis", "retention")
        ),
        "Over which time, as far as it is over; without a beginning: the last 90 days.",
    ),
    "(horizon)": "How many periods to come, at most four times what it is when left out: 7 days, 24 hours, 4 weeks.",
}

TYPES: dict[str, str] = {}

VALUES = {
    "TrendClass": {
        "GROWING": "A trend upwards that is significant and large enough to matter.",
        "STABLE": "No trend was found, which is less than a proof that there is none.",
        "DECLINING": "A trend downwards that is significant and large enough to matter.",
        "EMERGING": "First used in the last four weeks, and since then on several days.",
        "ABANDONED": "Used before, and now silent for two weeks or more, and for longer than is usual for it.",
    },
    "TrendDirection": {
        "RISING": "Upwards.",
        "FALLING": "Downwards.",
        "STEADY": "No trend can be told from chance, or one too small to matter.",
    },
    "NoFigure": {
        "NO_DATA": "Nothing is known, or nothing happened.",
        "CONSTANT": "Nothing varies.",
        "TOO_SHORT": "There are too few periods.",
        "TOO_FEW": "There are too few executions, or periods with any.",
        "NO_BASELINE": "There is nothing before to compare with.",
    },
    "Period": {
        "HOUR": "An hour.",
        "DAY": "A day from midnight of UTC.",
        "WEEK": "Seven days; the last week ends with the last day that is over.",
    },
    "Cycle": {
        "HOUR_OF_DAY": "The hour of the day, on the clock of the time zone.",
        "DAY_OF_WEEK": "The day of the week.",
    },
    "ForecastMethod": {
        "MEAN": "The mean of the last weeks.",
        "MEAN_AND_SEASON": "The mean of each position in the last weeks.",
        "LINE": "A straight line through the last weeks.",
        "LINE_AND_SEASON": "A straight line and the profile of the last weeks.",
        "SMOOTHED": "A mean that weighs the last periods most.",
        "SMOOTHED_AND_SEASON": "A mean that weighs the last periods most, and the profile of the last weeks.",
    },
}
