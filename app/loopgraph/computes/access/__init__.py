"""Who somebody is, by what a provider signed."""
