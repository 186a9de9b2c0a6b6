"""The rules that are built in: each finds a failing or slow pattern and proposes other values for parameters that it declares."""
