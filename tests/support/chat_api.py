"""A stand-in for an OpenAI-compatible API that answers chat completions."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from support.model_api import ModelApi, served


@dataclass
class ChatApi(ModelApi):
    """What it answers next."""

    content: str | None = "{}"
    refusal: str | None = None
    finish_reason: str = "stop"

    def answer(self, asked: dict[str, Any]) -> bytes:
        """A completion."""
        message = {"role": "assistant", "content": self.content, "refusal": self.refusal}
        choice = {"index": 0, "message": message, "finish_reason": self.finish_reason}
        return json.dumps({"id": "c", "object": "chat.completion", "model": "m", "choices": [choice]}).encode()


def chat_api() -> AbstractContextManager[ChatApi]:
    """The API, while it answers."""
    return served(ChatApi())
