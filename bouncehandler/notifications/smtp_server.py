"""Address and login of the SMTP server that notices are sent through."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """An SMTP server, and how to connect to it."""

    host: str
    """A name or an IP address, IPv6 without brackets."""
    port: int
    tls: Literal["none", "starttls", "tls"] = "none"
    username: str | None = None
    """None: no login."""
    password: str = field(default="", repr=False)
    timeout: float = 30.0
    """Seconds to wait for each answer."""

    @property
    def name(self) -> str:
        """`localhost:25`, `[::1]:25`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
