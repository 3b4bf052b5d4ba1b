"""Record ids: the time of a record, and a hash of its fields."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from operator import add

_EMPTY = blake2b(digest_size=8)
_NO_MOMENT = "00000000"
MOMENT = len(_NO_MOMENT)
"""Leading digits of an id, which hold the time of its record."""


@lru_cache(maxsize=4096)
def epoch(at: datetime) -> int:
    """Whole seconds since 1970, of an aware time; cached, since many records share theirs."""
    return int(at.timestamp())


def moment_of(record: str) -> str:
    """The part of an id that records of the same second share; empty for records without a time."""
    moment = record[:MOMENT]
    return "" if moment == _NO_MOMENT else moment


def id_of(at: datetime | None, *fields: str) -> str:
    """24 hexadecimal digits from an aware time, or None, and from fields, whose boundaries count."""
    return ids_of([at], [fields])[0]


def ids_of(times: Sequence[datetime | None], fields: Sequence[tuple[str, ...]]) -> list[str]:
    """`id_of` many records, each of as many fields."""
    texts = list(map("\x1f".join, fields))
    if "".join(texts).count("\x1f") != sum(map(len, fields)) - len(texts):
        texts = list(map(_delimited, texts, fields))
    return list(map(add, map(_moment, times), map(_digest, texts)))


def _digest(text: str) -> str:
    digest = _EMPTY.copy()  # a quarter less time than a new one
    digest.update(text.encode())
    return digest.hexdigest()


@lru_cache(maxsize=4096)
def _moment(at: datetime | None) -> str:
    """The eight hexadecimal digits at the beginning of an id: the record's time, or zeros.

    Records come in the order of their times, so their ids lie side by side in an index: a spool with many millions
    takes new ones as quickly as an empty one.
    """
    return f"{epoch(at) & 0xFFFFFFFF:08x}" if at else _NO_MOMENT


def _delimited(text: str, fields: tuple[str, ...]) -> str:
    """The text, or where a field contains the separator, one with the length of each field."""
    return text if text.count("\x1f") < len(fields) else "\x1f".join(f"{len(field)}:{field}" for field in fields)
