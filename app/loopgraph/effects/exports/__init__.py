"""Reads of whole tables, in slices of bounded size and in one order, however many rows there are."""
