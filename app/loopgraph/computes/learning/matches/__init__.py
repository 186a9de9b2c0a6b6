"""How well a plan fits a request, from whom it is withheld, and whether it helps."""
