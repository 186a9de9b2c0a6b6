"""The fields of Query, by subject; ``schema`` assembles them."""
