"""Reading the transcripts of agent clients into the graph: once, and as they grow."""
