"""A text that takes the place of another one in a file."""

from __future__ import annotations


def in_place_of(base: str, text: str) -> str:
    """The text with the ends of lines that the base has, and with the empty lines around it: a model is given neither."""
    plain, lines = text.replace("\r\n", "\n").strip("\n"), base.replace("\r\n", "\n")
    before = lines[: len(lines) - len(lines.lstrip("\n"))]
    after = lines[len(lines.rstrip("\n")) :] if lines.strip("\n") else ""
    whole = f"{before}{plain}{after}"
    return whole.replace("\n", "\r\n") if "\r\n" in base else whole
