"""Histories as git tells them."""
