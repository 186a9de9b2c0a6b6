"""From traces to plans: how one went, what several have in common, and what an agent is handed of that."""
