"""Characters that a format cannot hold."""

from __future__ import annotations

import re
from typing import Final

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
SHOWN: Final = 200
"""So many characters of a name are shown in a drawing."""


def for_xml(text: str) -> str:
    """Without what no document of XML 1.0 can hold, which becomes U+FFFD."""
    return _NOT_XML.sub("\ufffd", text)


def for_drawing(text: str) -> str:
    """On one line, without control characters, and not longer than what can be read in a drawing."""
    line = _CONTROLS.sub("\ufffd", re.sub(r"\s*[\r\n\t]+\s*", " ", text[: 2 * SHOWN]))
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"
