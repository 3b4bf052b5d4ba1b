"""Adapter that appends suppressions to a file, one JSON line each: the smallest whole adapter, and a trail."""

import fcntl
import json
import os
from datetime import datetime
from functools import partial
from pathlib import Path

import httpx

from bouncehandler.provider import ProviderSettings, ProviderUnavailable
from bouncehandler.suppression import Outcome, Suppression


class File:
    """Appender of JSON lines; a repeated call appends a second line with the same `id`: a reader keeps the first.

    Where a power cut or a full disk left half a line, the next call begins a new line.
    """

    class Settings(ProviderSettings):
        """Path of the file."""

        path: Path
        """Made when it is missing, readable by its owner alone; so logrotate may move it away at any time."""

    def __init__(self, settings: Settings, _client: httpx.Client) -> None:
        self._path = settings.path

    def unsubscribe(self, suppression: Suppression) -> Outcome:
        """Append one line; when this returns, it is on disk."""
        self._append(suppression._asdict())
        return Outcome("unsubscribed")

    def restore(self, suppression: Suppression, outcome: Outcome) -> Outcome:  # noqa: ARG002  # the port's signature
        """Append a line that takes an earlier one back: without `recipient`, so that it is read as no suppression."""
        self._append({"restored": suppression.subject, "id": suppression.id})
        return Outcome("restored")

    def _append(self, entry: dict[str, object]) -> None:
        line = json.dumps(entry, default=datetime.isoformat).encode() + b"\n"
        try:
            with open(self._path, "a+b", len(line) + 1, opener=partial(os.open, mode=0o600)) as file:
                fcntl.flock(file, fcntl.LOCK_EX)  # keeps out threads too: each call opens the file for itself
                size = file.seek(0, os.SEEK_END)
                is_cut_off = size > 0 and os.pread(file.fileno(), 1, size - 1) != b"\n"
                file.write(b"\n" + line if is_cut_off else line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise ProviderUnavailable(f"can't append to {self._path}: {error.strerror}") from error

    def check(self) -> str:
        """Check that the file, or the folder to make it in, can be written to; changes neither."""
        folder = self._path.parent
        if os.access(self._path, os.F_OK):
            is_writable = os.access(self._path, os.R_OK | os.W_OK) and not self._path.is_dir()
        else:
            is_writable = os.access(folder, os.W_OK | os.X_OK) and folder.is_dir()
        if not is_writable:
            raise ProviderUnavailable(f"can't append to {self._path}: give it a folder that this user may write to")
        return f"{self._path} can be appended to"
