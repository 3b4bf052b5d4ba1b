"""Numbers for people, and for kinds of hard bounces, which are shorter to keep and to compare than their texts."""

from functools import lru_cache
from hashlib import blake2b


@lru_cache(maxsize=10_000)
def fingerprint_hash(mailbox_provider: str, fingerprint: str) -> int:
    """A number that stands for operator and shape; see `_number`."""
    return _number(f"{mailbox_provider}\0{fingerprint}")


def subject_hash(subject: str) -> int:
    """A number that stands for a recipient; see `_number`."""
    return _number(subject)


def _number(text: str) -> int:
    """Of 2 ** 56, so no two have the same by chance."""
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=7).digest())
