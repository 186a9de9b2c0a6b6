"""The statistics of experiments: ``analysis`` is the way in; `estimators` compare arms, `boundaries` say what holds at which
look.

Pure: no I/O, no clock, randomness only by a generator that is given. What the data do not allow is answered with a reason
(`contracts.statistics.estimates.NoEstimate`); only a parameter that is wrong raises InvalidInput.
"""
