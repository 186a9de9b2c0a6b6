"""From a broker to the graph, and from the graph to a broker: at least once, and by ids once."""
