"""Hashes of subjects and of fingerprints: numbers are shorter to keep and to compare than texts."""

from functools import lru_cache
from hashlib import blake2b


@lru_cache(maxsize=10_000)
def fingerprint_hash(mailbox_provider: str, fingerprint: str) -> int:
    """Hash of a mailbox provider and a fingerprint; see `_number`."""
    return _number(f"{mailbox_provider}\0{fingerprint}")


def subject_hash(subject: str) -> int:
    """Hash of a subject; see `_number`."""
    return _number(subject)


def _number(text: str) -> int:
    """A hash of 56 bits, so that no two texts have the same by chance."""
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=7).digest())
