"""Services of a command: started in order, stopped in reverse order."""

from collections.abc import Sequence
from typing import Protocol


class Service(Protocol):
    """A part of the program with threads of its own."""

    def start(self) -> None:
        """Start its threads."""

    def stop(self) -> None:
        """End its threads within its own time budget; called once, after `start`.

        Raises:
            Exception: the error that ended the service before its time.
        """


class Services:
    """Starts and stops services together.

    Args:
        services: in the order of their start; a service depends on those before it.
    """

    def __init__(self, services: Sequence[Service] = ()) -> None:
        self._services = services

    def start(self) -> None:
        """Start every service."""
        for service in self._services:
            service.start()

    def stop(self) -> None:
        """Stop every service, the last one first.

        Raises:
            Exception: the first failure of a service, raised after all have stopped.
        """
        failure: Exception | None = None
        for service in reversed(self._services):
            try:
                service.stop()
            except Exception as error:  # noqa: BLE001  # raised again when all have stopped
                failure = failure or error
        if failure:
            raise failure
