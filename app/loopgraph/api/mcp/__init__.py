"""The door for agents that speak the Model Context Protocol: what the graph knows, and what may be said to it, as tools."""
