"""Places in what processes tell each other, as texts, and which change comes next."""
