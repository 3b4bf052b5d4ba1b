"""Port of a worker to the workers of the other providers."""

from typing import Protocol


class WorkerGroup(Protocol):
    """Workers of a process: an address learned from one provider is a new dispatch for the others."""

    def notify(self) -> None:
        """Expect new dispatches for any of them."""

    def wake(self) -> None:
        """Look again, since one of them has become idle."""

    def are_idle(self, but: str) -> bool:
        """Whether all are idle but the one of that name, so that they enqueue nothing more for it."""
