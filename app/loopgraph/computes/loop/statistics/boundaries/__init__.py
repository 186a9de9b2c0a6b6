"""How large a standardised effect must be at a look, for each way of looking.

Each file has ``critical`` (the two-sided boundary for a standard normal statistic) and ``p_value`` (the smallest level at
which the statistic lies on its boundary), so that the two never disagree.
"""
