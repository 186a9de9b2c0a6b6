"""Reads what measures are made of that no bucket holds: failures, delegations, dependents. All are bounded."""
