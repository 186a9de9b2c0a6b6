"""What is concluded of figures and records: trends of series, templates of messages, chains of agents, reliability."""
