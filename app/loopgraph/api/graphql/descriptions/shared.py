"""What names mean that more than one subject has; see the package."""

NAMES = {
    # paging
    "(first)": "Most items of the answer; at least 1, at most as many as a page may have (`LOOPGRAPH_MAX_PAGE_SIZE`).",
    "(offset)": "So many items are left out at the beginning; 0 or more.",
    "(after)": "The `endCursor` of the page before; left out: from the beginning. A cursor of another list is refused.",
    "cursor": "Where this item is in its list; give it as `after` to go on behind it. It means nothing else.",
    "edges": "The items of this page, each with its cursor.",
    "pageInfo": "Whether there is more, and the cursor to go on with.",
    "node": "The item itself.",
    "(filter)": "What the items have to be like; left out: all of them.",
    "(since)": "Earliest instant that counts, inclusive; left out: no limit.",
    "(until)": "First instant that does not count any more; left out: no limit.",
    "(input)": "What is to be done, and everything that is needed for it.",
    # identity
    "node(id)": "Its global id, as the field `id` gives it.",
    "nodes(ids)": "Their global ids, as the field `id` gives them.",
    "correlationId": "The id that ties together what belongs to one unit of work: that of a trace.",
    "patternId": "Which pattern, by the id that its maker gave it, or else the service.",
    "nodeId": "Which pattern version, by the id that its maker gave it, or else the service.",
    "edgeId": "Which lineage edge, by the id that its maker gave it, or else the service.",
    "sessionId": "Which session of an agent client, by the id that the client gave it.",
    "experimentId": "Which experiment, by the id that the service gave it.",
    "outcomeId": "Which outcome, by the id that its sender gave it, or else the service.",
    "feedbackId": "Which feedback, by the id that its sender gave it, or else the service.",
    "improvementId": "Which improvement, by the id that its maker gave it, or else the service.",
    "decisionId": "Which decision, by the id that the service gave it.",
    "runId": "Which run of the loop, by the id that its maker gave it, or else the service.",
    "userId": "Who the work was done for, as the client says.",
    "actorId": "Who caused it: a user, an agent, or a part of the service.",
    "actorType": "What kind of actor caused it.",
    "actor": "Who makes the change; left out: the principal of the request, or an anonymous user.",
    "ActorInput.type": "What kind of actor it is.",
    "ActorInput.id": "Its name or id, 1 to 255 characters.",
    # time and outcome
    "createdAt": "When it was made, in UTC.",
    "createdBy": "Who made it.",
    "updatedAt": "When it last changed, in UTC.",
    "startedAt": "When it began, in UTC; null where that is not known.",
    "completedAt": "When it ended, in UTC; null while it goes on or where that is not known.",
    "durationMs": "How long it took, in milliseconds; null where that is not known.",
    "minDurationMs": "The shortest duration, in milliseconds; null where none is known.",
    "maxDurationMs": "The longest duration, in milliseconds; null where none is known.",
    "stdDurationMs": "Standard deviation of the durations, in milliseconds; null below two of them.",
    "avgDurationMs": "Mean duration, in milliseconds; null where it was not measured.",
    "p50Ms": "Median of the durations, in milliseconds; null where it was not measured.",
    "p95Ms": "95th percentile of the durations, in milliseconds; null where it was not measured.",
    "p99Ms": "99th percentile of the durations, in milliseconds; null where it was not measured.",
    "success": "Whether it succeeded; null while that is not known.",
    "successCount": "How many of them succeeded.",
    "successRate": "Successes over all of which it is known how they ended, 0..1; null where there is none.",
    "executionCount": "How many executions were looked at.",
    "errorMessage": "What went wrong, in the words of who reported it; null if nothing did.",
    "errorType": "The kind of the error, such as the name of an exception; null if there was none.",
    "count": "How often it occurred.",
    "low": "The lower end.",
    "high": "The upper end.",
    # free content
    "context": "Free map of what else was reported, under the name of who said it.",
    "metadata": "Free map of your own; it is kept and never interpreted.",
    "tags": "Words to find it by, at most 100 characters each.",
    "data": "More about it, as a map; what it holds goes by the type.",
    "description": "What it is for, in words.",
    "parameters": "Values that the template is filled or run with, as a map.",
    "templateCode": "The text of the pattern: a prompt, code, a definition. The service never runs it.",
    # expected errors
    "NotFound.kind": "What was looked for: the name of its type.",
    "NotFound.missingId": "The id that nothing has.",
    "Conflict.kind": "What is in the way: the name of its type.",
    "Conflict.conflictingId": "The id (or pair of ids) that is taken.",
    "InvalidTransition.current": "The status that it has.",
    "InvalidTransition.wanted": "The status that was asked for.",
}

TYPES = {
    "Query": "What can be read. Ids in arguments are a thing's own id or its global one; what reads as a global id is taken for "
    "one, so a thing whose own id looks like one is found by its global id.",
    "Mutation": "What can be changed. Each answers with its payload or with an error that its caller can mend.",
    "Subscription": "What can be followed, over `graphql-transport-ws` or as server-sent events.",
}

DIRECTIVES = {
    "cost(weight)": "So many objects the field costs beside those of its answer.",
    "listSize(assumedSize)": "So many items the list has at most, whatever is asked for.",
    "listSize(slicingArguments)": "The arguments that say how many items there can be.",
    "listSize(sizedFields)": "The lists of the answer that these arguments are about.",
}

VALUES = {
    "ActorType": {
        "SYSTEM": "The service itself, such as its improvement loop.",
        "USER": "A person.",
        "AGENT": "An AI agent.",
        "AUTOMATION": "A script or a pipeline that is no agent.",
    },
}
