"""Last response of a thread, as far as it is kept, and its text without secrets."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import httpx

MAX_KEPT = 2048  # bytes: more than is shown, so that no secret is cut in two before it is taken out
_MAX_SHOWN = 512  # characters
_SECRET_NAME = re.compile("auth|cookie|key|secret|signature|token", re.IGNORECASE)
_MIN_SECRET = 8  # characters: shorter ones ("Basic", "v1") would blot out harmless words


class LastResponse(NamedTuple):
    """Request, status and beginning of its response's body."""

    request: httpx.Request
    status: int
    beginning: bytes

    def format(self) -> str:
        """Format status and beginning as one printable line, without the request's credentials."""
        text = self.beginning.decode("utf-8", "replace")
        if len(text) >= _MIN_SECRET:
            for secret in self._secrets():
                text = text.replace(secret, "[...]")
        if not text.isprintable():
            text = "".join(char if char.isprintable() else " " for char in text)
        text = " ".join(text.split())
        return f"HTTP {self.status}: {text}"[:_MAX_SHOWN] if text else f"HTTP {self.status}"

    def _secrets(self) -> Iterator[str]:
        for name, value in (*self.request.headers.multi_items(), *self.request.url.params.multi_items()):
            if _SECRET_NAME.search(name):
                yield from (word for word in (value, *value.split()) if len(word) >= _MIN_SECRET)
