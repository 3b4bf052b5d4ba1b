"""What a lane knows of the other lanes."""

from typing import Protocol


class WorkerGroup(Protocol):
    """The other lanes: an address that one provider tells is news to all others."""

    def notify(self) -> None:
        """Something new may be due for any of them."""
        ...

    def wake(self) -> None:
        """Somebody has come to rest."""
        ...

    def are_idle(self, but: str) -> bool:
        """Whether no lane but the one of that name has anything to do, so that no news can come from them."""
        ...


class NoGroup:
    """A lane on its own."""

    def notify(self) -> None:
        """Nobody hears it."""

    def wake(self) -> None:
        """Nobody sleeps."""

    def are_idle(self, but: str) -> bool:  # noqa: ARG002  # as in `WorkerGroup`
        """Nobody has anything to do."""
        return True
