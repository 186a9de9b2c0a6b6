"""Which weights of a score fit what came of prompts, and whether they are better than the seed's."""
