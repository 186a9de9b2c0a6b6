"""What the names of comparisons of versions that people already ran mean; see the package."""

NAMES = {
    "compareVersionsRetrospectively(baseNodeId)": "The version that the other is compared with, by its own id or its global one.",
    "compareVersionsRetrospectively(candidateNodeId)": "The version that is compared, by its own id or its global one.",
    "compareVersionsRetrospectively(metric)": "What is compared.",
    "compareVersionsRetrospectively(window)": "When the executions began; left out: the last 30 days.",
}

TYPES: dict[str, str] = {}

VALUES = {
    "EvidenceKind": {"OBSERVATIONAL": "People used what they chose: what goes with a version need not come of it."},
    "Adjustment": {
        "NONE": "The plain difference of the means of units.",
        "STRATIFIED": "Within each combination of levels in which both were used, and over these by their units.",
        "OVERLAP_WEIGHTED": "Units weighted by how probable the other version was, by a logistic model of all factors.",
    },
    "Unadjusted": {
        "NOT_ASKED": "It was left out of `adjustFor`.",
        "NOT_RECORDED": "It is known of no execution.",
        "NO_VARIATION": "All units have the same level: there is nothing to adjust for.",
        "AFTER_THE_VERSION": "It may have come of the version itself: to adjust for it would take an effect away.",
    },
    "Caveat": {
        "NOT_ASSIGNED": "Nobody assigned the versions, and what was not recorded is not adjusted for. It always holds.",
        "LITTLE_OVERLAP": "Less than half of the units are in strata in which both versions were used.",
        "OTHER_TIMES": "One version was used only before the other: what changed meanwhile counts for it.",
        "FEW_UNITS": "Fewer than 20 units of a version can be compared.",
        "METHODS_DISAGREE": "The intervals of the two ways of adjusting have nothing in common.",
        "UNITS_IN_BOTH": "Some units used both versions; their two values count as one in the errors.",
        "LEVELS_UNITED": "A factor has more than 20 levels; the smallest are one.",
        "PARTLY_UNKNOWN": "Of some units a level is not known; these are a level by themselves.",
    },
}
