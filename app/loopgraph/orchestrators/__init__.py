"""The order of steps, nothing else."""
