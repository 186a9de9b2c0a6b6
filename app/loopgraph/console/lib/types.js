/** Types of patterns that lists and maps are filtered by; the empty one is any. */
export const PATTERN_TYPES = ["", "skill", "command", "subagent", "memory", "prompt", "template"];
