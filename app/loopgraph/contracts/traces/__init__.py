"""Traces: the events that doors hand in, what the graph holds of them, and what is concluded from that."""
