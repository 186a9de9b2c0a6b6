"""What names mean that figures of what was counted have; see the package."""

NAMES = {
    "executions": "How many began.",
    "timeZone": "The name of the time zone, such as Europe/Berlin.",
    "(window)": "Over which time; left out: the last 30 days, with today.",
    "(timeZone)": "By whose clock hours, days, weeks and months are told, as the IANA database names it: Europe/Berlin.",
    "(interval)": "How long a point is.",
    "(subject)": "What it is about.",
    "(kind)": "Things of which kind.",
    "(minSamples)": "So few executions are enough to be in it; at least 1.",
    "timeSeries(metric)": "What each point tells.",
    "seriesAnalysis(metric)": "What is looked at over time.",
    "timeSeries(since)": "Earliest instant that counts, inclusive.",
    "timeSeries(until)": "First instant that does not count any more.",
    "timeSeries(first)": "Most lines besides that of all others, 1 to 20.",
    "usageStats(first)": "Most items of the answer, 1 to 100.",
    "successRates(first)": "Most items of the answer, 1 to 100.",
    "(groupBy)": "By what lines are told apart; left out: one line. What has no value is in no line. Values have EXECUTIONS, "
    "SUCCESS_RATE, ERROR_RATE, DURATION_MEAN and COST_USD.",
    "(dimensions)": "By what executions are told apart.",
    "(attributes)": "Names in the context of traces by which executions are told apart, too, because a setting says so.",
    "patternAnalytics(id)": "Which pattern, by its own or its global id.",
    "(patternIds)": "Patterns to compare, by their own or their global ids.",
    "comparePatterns(nodeIds)": "Versions to compare, by their own or their global ids.",
    "(category)": "A type of patterns; left out: the pattern's own.",
}

TYPES: dict[str, str] = {}

VALUES = {
    "SubjectKind": {
        "ALL": "Everything; its executions are the traces.",
        "PATTERN_TYPE": "The patterns of a type; executions are those of their versions.",
        "PATTERN": "A pattern; executions are those of its versions.",
        "PATTERN_VERSION": "A version; its executions are the steps that ran it.",
        "AGENT": "The agent that a routing selected, or the type of a subagent; executions are its traces.",
        "TOOL": "Steps of one type and tool.",
        "ENDPOINT": "Calls of one path of a service.",
        "MODEL": "Calls of a language model.",
        "PROJECT": "The folder that sessions worked in; executions are its traces.",
        "USER": "Whose work it was; executions are the traces.",
    },
    "Dimension": {
        "UNIT": "What an experiment would count as one: a session, a user, a task; without one, the trace.",
        "SESSION": "The session.",
        "USER": "Whose work it was.",
        "AGENT": "The agent that a routing selected, or the type of the subagent.",
        "PROJECT": "The folder that the session worked in.",
        "MODEL": "The language model.",
        "TAG": "A word that the trace carries; it can carry several.",
        "CONTEXT": "The kind of task: `context_type` in the context of the trace.",
    },
    "Exactness": {
        "EXACT": "Made of the executions themselves.",
        "BUCKETED": "Made of hourly sums: counts, sums, means and rates are exact, percentiles, minimum and maximum within 1 %.",
    },
    "TimeInterval": {
        "HOUR": "An hour.",
        "DAY": "From midnight to midnight, 23 or 25 hours when the clock changes.",
        "WEEK": "Seven days, from a Monday on.",
        "MONTH": "A month, from its first day on.",
    },
    "SeriesMetric": {
        "EXECUTIONS": "How many began.",
        "SUCCESS_RATE": "Successes over those of which it is known what came of them, 0..1.",
        "ERROR_RATE": "Failures over those of which it is known what came of them, 0..1.",
        "DURATION_MEAN": "Mean duration, in milliseconds.",
        "DURATION_P50": "Median duration, in milliseconds, within 1 %.",
        "DURATION_P95": "95th percentile of the durations, in milliseconds, within 1 %.",
        "DURATION_P99": "99th percentile of the durations, in milliseconds, within 1 %.",
        "QUALITY": "Mean of the quality that executions report, 0..1.",
        "TOKENS": "Tokens of language models, those that went in and those that came out.",
        "COST_USD": "What they are known to have cost, in US dollars.",
        "RETRIES": "Retries that were told of.",
    },
    "ComparedMeasure": {
        "SUCCESS_RATE": "Which part of the executions succeeds, 0..1.",
        "DURATION_MS": "What an execution takes, in milliseconds.",
        "COST_USD": "What an execution costs, in US dollars, over units of which a cost is known.",
    },
    "BenchmarkMeasure": {
        "EXECUTIONS": "How many executions there were.",
        "SUCCESS_RATE": "Which part of them succeeded, 0..1.",
        "DURATION_MEAN_MS": "What they took on average, in milliseconds.",
    },
}
