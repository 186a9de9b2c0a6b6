"""What names mean that tell of learned patterns; see the package."""

NAMES = {
    "LearnedPatternFilter.standing": "Whether it is matched; null for any.",
    "LearnedPatternFilter.intent": "The kind of work that its prompts ask for.",
    "LearnedPatternFilter.action": "What is to be done, one word.",
    "LearnedPatternFilter.agent": "Who does it.",
    "LearnedPatternFilter.project": "Where all of its prompts were asked.",
    "LearnedPatternFilter.leastSuccesses": "It was taught by so many successful traces, at least.",
    "learnedPatterns(filter)": "Which learned patterns; by default all.",
    "learnedFrom(role)": "In which role; null for any.",
    "(request)": "What is to be done, in words as a prompt has them; at most 20,000 characters.",
    "(context)": "Where it is asked, as far as that is known.",
    "(minConfidence)": "The least total of a score that is a match, 0..1.",
    "(maxResults)": "At most so many matches, 1 to 25.",
    "replayPlan(patternId)": "The learned pattern, by its own id or its global one; left out: the one that fits the request.",
    "replayPlan(leastSupport)": "For a request, only plans that rest on so many successful traces, 1 to 1,000.",
    "replayOffers(patternId)": "The learned pattern, by its own id or its global one.",
    "replayEffect(patternId)": "Only the plans of this pattern, by its own id or its global one; left out: all.",
    "planProposals(kind)": "Only this kind; null: both.",
    "planProposals(status)": "Only these; null: all.",
    "routingPolicyEffect(policy)": "Which policy.",
    "routingPolicyEffect(agent)": "For `ONE_AGENT`, which; for no other.",
    "routingPolicyEffect(days)": "Recommendations of the last so many days count, 1 to 3,650.",
    "replayEffect(days)": "Offers of the last so many days count, 1 to 3,650.",
}

TYPES: dict[str, str] = {}

VALUES: dict[str, dict[str, str]] = {
    "PlanStepKind": {
        "TOOL": "A tool is used.",
        "SKILL": "A skill is used.",
        "COMMAND": "A command is run.",
        "SUBAGENT": "A subagent is asked.",
        "HOOK": "A step of another type.",
    },
    "Standing": {
        "ACTIVE": "It is matched.",
        "PRUNED": "It did badly, and is not matched any more.",
        "MERGED": "It is part of another one now.",
    },
    "Role": {"SUCCESS": "The trace succeeded.", "FAILURE": "It did not."},
    "DeviationKind": {
        "SKIPPED": "A step of the plan was not taken.",
        "ADDED": "A step was taken that is not in the plan.",
        "REORDERED": "A step of the plan was taken at another place.",
    },
    "ProposalKind": {
        "MERGE": "Two patterns become one: their prompts are alike by meaning, and their plans go much the same way.",
        "SPLIT": "One pattern becomes two: its prompts are of two kinds, which were done in different ways.",
    },
    "ProposalStatus": {
        "OPEN": "It waits for a decision.",
        "ACCEPTED": "It was carried out.",
        "DISMISSED": "It was not, and is not made again on the same evidence.",
        "OUTDATED": "What it is about was merged, split or edited meanwhile.",
    },
    "NoAgent": {
        "NOTHING_KNOWN": "No run of an agent is known for such a request.",
        "TOO_FEW_RUNS": "No agent has five runs that are known, or a name that may be told.",
        "ALL_DO_BADLY": "All that are known well enough surely do badly.",
    },
    "RecordScope": {
        "ACTION_IN_PROJECT": "Of the same action in the same project.",
        "ACTION": "Of the same action, in any project.",
        "PROJECT": "Of anything in the same project.",
    },
    "RoutingStrategy": {
        "LEARNED_PATTERN": "The learned pattern that fits surely enough names it.",
        "HISTORICAL": "It has the best record.",
        "EXPLORATION": "Chance took another than the best.",
    },
    "RoutingPolicy": {
        "LEARNED_FIRST": "What is recommended without chance: the learned pattern first, else the record.",
        "HISTORICAL": "The agent with the best record; where none had one, as without chance.",
        "ONE_AGENT": "One agent wherever it could have been recommended; elsewhere as without chance.",
        "UNIFORM": "Any that could have been recommended, by chance.",
    },
    "ReplayOutcome": {
        "SUCCESS": "It succeeded.",
        "FAILURE": "It failed.",
        "UNKNOWN": "It has ended, and it is not known whether it succeeded.",
    },
}
