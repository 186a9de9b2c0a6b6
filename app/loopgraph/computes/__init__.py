"""Pure decisions: statistics, proposals, assignment, lifecycle. No I/O, no clock, no random."""
