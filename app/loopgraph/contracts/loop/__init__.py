"""The improvement loop: designs, experiments, decisions, what people say, and what is watched."""
