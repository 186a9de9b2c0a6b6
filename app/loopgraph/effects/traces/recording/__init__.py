"""Records what happened: a batch of events becomes nodes, joined with what the graph holds of them."""
