"""Hashes of subjects and of fingerprints: numbers are shorter to keep and to compare than texts."""

from functools import lru_cache
from hashlib import blake2b


@lru_cache(maxsize=10_000)
def fingerprint_hash(mailbox_provider: str, fingerprint: str) -> int:
    """Hash of a mailbox provider and a fingerprint, made as a subject's."""
    return subject_hash(f"{mailbox_provider}\0{fingerprint}")


def subject_hash(subject: str) -> int:
    """Hash of a subject, of 56 bits, so that no two have the same by chance."""
    return int.from_bytes(blake2b(subject.encode("utf-8", "replace"), digest_size=7).digest())
