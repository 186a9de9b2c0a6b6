"""What agents' own reports say, one file per client's dialect."""
