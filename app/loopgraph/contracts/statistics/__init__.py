"""What an experiment measures (`metrics`), what its units come to (`samples`), how it is looked at (`plans`), what follows
(`estimates`, `decisions`), and arms that are given more or fewer units as they go (`allocation`)."""
