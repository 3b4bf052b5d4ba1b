"""The settings of metrics: a file for node_exporter, a port for Prometheus."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from bouncehandler.settings.section import Section

_LOOPBACK = "127.0.0.1"
_HIGHEST_PORT = 65_535


def address(text: str) -> tuple[str, int]:
    """Host and port of `listen`; without a host the loopback one.

    Raises:
        ValueError: it is not of the form HOST:PORT.
    """
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) <= _HIGHEST_PORT) or any(map(str.isspace, host)):
        raise ValueError("must be of the form 127.0.0.1:9479")
    return host.removeprefix("[").removesuffix("]") or _LOOPBACK, int(port)


def _address(text: str) -> str:
    address(text)
    return text


def _prom(path: Path) -> Path:
    if not path.is_absolute() or path.suffix != ".prom":
        raise ValueError("must be an absolute path that ends in .prom: node_exporter reads no other files")
    return path


class MetricsSettings(Section):
    """`[metrics]`: for Prometheus."""

    textfile: Annotated[Path, AfterValidator(_prom)] | None = None
    """Written by whoever reads records or dispatches; None: no file."""
    listen: Annotated[str, Field(max_length=300), AfterValidator(_address)] | None = None
    """Where `work` answers requests; None: nowhere."""
