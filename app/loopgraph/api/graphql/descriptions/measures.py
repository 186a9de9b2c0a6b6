"""What the names of measures mean: error patterns, chains of agents, reliability; see the package."""

NAMES = {
    "(agent)": "Only what happened to this agent: one that a routing selected, or the type of a subagent.",
    "(tool)": "Only what this tool did, by its name.",
    "(endpoint)": "Only calls of this endpoint, by its path.",
    "errorPatterns(nodeId)": "Only what happened with this pattern version, by its own id or its global one.",
    "errorPatterns(project)": "Only traces that say they are for this, or whose session does, or works in this folder.",
    "qualityMetrics(patternId)": "The pattern, by its own id or its global one.",
    "ErrorPattern.severity": "How bad it is, by how many traces it is in, and whether whole traces failed with it.",
    "patternReliability(patternId)": "The pattern, by its own id or its global one.",
    "patternReliability(threshold)": "The rate of success that is wanted, 0..1; left out: 0.8.",
    "rankPatterns(candidates)": "The patterns, each once, 1 to 100.",
    "rankPatterns(text)": "What they are to match: their similarity to it is that of the words of the texts in use, in runs of "
    "three. Left out: the similarities that are given, or none.",
    "rankPatterns(recentDays)": "Executions of the last so many days of the window count as recent, 1 to 90.",
    "Reliability.verdict": "What the interval says of the threshold.",
    "unusedPatterns(patternType)": "Only patterns of this type; left out: of all.",
    "unusedPatterns(days)": "How many days they were not used, 1 to 3,650.",
    "similarPatterns(patternType)": "Only patterns of this type; left out: of all.",
    "similarPatterns(atLeast)": "How similar they are at least, 0.3 to 1; left out: 0.8.",
    "textForms(patternType)": "Only patterns of this type; left out: of all.",
    "textForms(below)": "Only texts with a lower score, up to 1.",
    "textForms(problem)": "Only texts that have this; `NEARLY_SAME` is none of their form.",
    "agentChains(agent)": "Only chains with this agent.",
    "blastRadius(patternId)": "The pattern, by its own id or its global one.",
    "blastRadius(days)": "Uses of the last so many days count, 1 to 3,650.",
}

TYPES = {
    "AnnotateErrorPatternInput": "What is known of an error pattern.",
    "ErrorAnnotationPayload": "What was written of an error pattern.",
}

VALUES = {
    "ReliabilityVerdict": {
        "RELIABLE": "The whole interval is at the threshold or above it.",
        "UNRELIABLE": "The whole interval is below the threshold.",
        "UNKNOWN": "There are too few executions, or units, to tell.",
    },
    "TextProblem": {
        "TOO_SHORT": "Fewer than 20 words.",
        "TOO_LONG": "More than 2,000 words.",
        "LONG_PARAGRAPHS": "More than 120 words in a row without a blank line, a heading or an item of a list.",
        "NO_STRUCTURE": "More than 400 words without any heading, list or code.",
        "OPEN_CODE": "A fence of code that does not end.",
        "LEFTOVERS": "What was to be replaced, such as TODO, lorem ipsum or [insert …].",
        "UNDECLARED": "Placeholders that are no parameters of the version.",
        "UNUSED": "Parameters of the version that the text does not name.",
        "REPEATED": "Lines of five words or more that are there already.",
        "NEARLY_SAME": "Another pattern of its kind in force says much the same.",
    },
    "ErrorSeverity": {
        "CRITICAL": "It is common, and whole traces failed with it.",
        "HIGH": "It is common, or a whole trace failed with it.",
        "MEDIUM": "It is in several traces.",
        "LOW": "It is in one trace.",
    },
}
