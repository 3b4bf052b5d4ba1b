"""A thread's last answer, as far as it is kept, and what of it may be shown."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import httpx

KEPT = 2048  # bytes: more than is shown, so that no secret is cut in two before it is taken out
_SHOWN = 512  # characters
_SECRET_NAME = re.compile("auth|cookie|key|secret|signature|token", re.IGNORECASE)
_SHORTEST_SECRET = 8  # characters: what is shorter ("Basic", "v1") would blot out harmless words


class Answer(NamedTuple):
    """What a request was answered, as far as it is kept."""

    request: httpx.Request
    status: int
    beginning: bytes

    def sentence(self) -> str:
        """Status and beginning on one printable line, without what the request proved itself with."""
        text = self.beginning.decode("utf-8", "replace")
        if len(text) >= _SHORTEST_SECRET:
            for secret in self._secrets():
                text = text.replace(secret, "[...]")
        if not text.isprintable():
            text = "".join(char if char.isprintable() else " " for char in text)
        text = " ".join(text.split())
        return f"HTTP {self.status}: {text}"[:_SHOWN] if text else f"HTTP {self.status}"

    def _secrets(self) -> Iterator[str]:
        for name, value in (*self.request.headers.multi_items(), *self.request.url.params.multi_items()):
            if _SECRET_NAME.search(name):
                yield from (word for word in (value, *value.split()) if len(word) >= _SHORTEST_SECRET)
