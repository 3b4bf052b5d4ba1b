"""A stream of rows of which it is known which are good, and what is damaged in the others; the same bytes each time."""

from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import NamedTuple

from tests.acceptance.harness import HEADER as COLUMNS
from tests.acceptance.harness import accounting, bounce

HEADER = COLUMNS.encode() + b"\n"

SWALLOWED = "swallowed"
"""Behind a quote that was never closed, a row that does not begin as rows do is kept as a part of it."""

_SHARE = 0.01
"""Of all rows, for each kind of damage."""
_HUGE = 17_000_000
"""Bytes; the reader takes a row of 16 MiB."""
_TEXT = b"smtp;550 5.1.1 no such user here"


class Piece(NamedTuple):
    """A row, or a damaged one with what is glued to it."""

    data: bytes
    is_delivered: bool = False
    """Whether a provider has to receive it."""
    kept: bytes = b""
    """What is to be kept of it; empty for a good row."""
    reason: str = ""
    """Why it can't be read; empty for a good row, `SWALLOWED` for one that does not count on its own."""
    record_type: str = "b"


class _Damage(NamedTuple):
    """A kind of damage: what is written, of which the reader keeps what stands before a glued header."""

    template: bytes
    reason: str
    is_followed_by_header: bool = False


def pieces(size: int) -> Iterator[Piece]:
    """The rows below a header; the n-th is about `r{n}@example.net`, or `bad{n}@example.net`.

    Each kind of damage is one row in a hundred. Rows of 17 MB come on top of the `size`, in bytes: one for each 50 MB,
    the first near the beginning. The last row is torn, without a line end.
    """
    random, good, bad = Random(1), _good(), _damages()  # noqa: S311  # the same rows on every machine
    number, left, until_huge, before = 0, size, 100_000, ""
    while left > 0:
        at = int(random.random() / _SHARE)
        piece = _damaged(bad[at], number) if at < len(bad) else _row(random.choice(good), number)
        if piece.reason == "unknown-type" and before in {"unclosed-quote", SWALLOWED}:
            piece = piece._replace(reason=SWALLOWED)
        yield piece
        before = piece.reason
        number, left, until_huge = number + 1, left - len(piece.data), until_huge - len(piece.data)
        if until_huge <= 0:
            yield _huge(number)
            number, until_huge = number + 1, 50_000_000
    torn = _filled(_template("bad#"), number)[:90]
    yield Piece(torn, kept=torn + b"\n", reason="torn")


def blocks(size: int) -> Iterator[bytes]:
    """The stream in blocks of some MB, its header first."""
    found = (piece.data for piece in pieces(size))
    yield HEADER
    while some := list(islice(found, 5000)):
        yield b"".join(some)


def _filled(template: bytes, number: int) -> bytes:
    return template.replace(b"#", b"%d" % number)


def _row(template: Piece, number: int) -> Piece:
    return template._replace(data=_filled(template.data, number))


def _damaged(damage: _Damage, number: int) -> Piece:
    data = _filled(damage.template, number)
    if damage.is_followed_by_header:
        return Piece(data + HEADER, kept=data + b"\n", reason=damage.reason)
    return Piece(data, kept=data, reason=damage.reason)


def _huge(number: int) -> Piece:
    data = _filled(_template("bad#"), number).replace(_TEXT, b'"' + b"x" * _HUGE + b'"')
    return Piece(data, kept=data, reason="too-long")


def _template(local: str, category: str = "bad-mailbox", **cells: str) -> bytes:
    return accounting([bounce(f"{local}@example.net", category, **cells)], has_header=False)


def _good() -> list[Piece]:
    """Rows as they should be, and unusual ones that are read nevertheless; half of them policy ignores."""
    quoted = '550 5.1.1 "no such user", sorry'
    lines = "550 5.1.1 no such user\nb,two,\ntype,timeLogged,orig\nthe end"
    plain = _template("r#")
    is_delivered = [
        plain,
        _template("r#", dsnDiag=quoted),
        _template("r#", dsnDiag=lines),
        plain[:-1] + b"\r\n",
        plain.replace(_TEXT, b"smtp;550 \0\0 no"),
        plain.replace(_TEXT, b"smtp;550 \xff\xe9 no"),
        plain.rpartition(b",,,,")[0] + b"\n",
        b"\0\0\0\0" + plain,
    ]
    ignored = [_template("x#", "spam-related", dsnDiag=text) for text in (_TEXT.decode(), quoted, lines)]
    remote = Piece(_template("r#", type="rb", dsnDiag=lines), is_delivered=True, record_type="rb")
    return [*(Piece(data, is_delivered=True) for data in is_delivered), remote, *(Piece(data) for data in ignored * 3)]


def _damages() -> list[_Damage]:
    row = _template("bad#")
    diagnosed = row.partition(_TEXT)[0]
    return [
        _Damage(row.replace(_TEXT, b'"' + _TEXT), "unclosed-quote"),
        _Damage(row.replace(_TEXT, b'"smtp;"550" no"'), "stray-quote"),
        _Damage(row.replace(_TEXT, b"smtp;550\rno"), "stray-return"),
        _Damage(row[:-1] + b",,,\n", "too-many-cells"),
        _Damage(row.replace(_TEXT, b"smtp;550 no, never, not here, not now"), "too-many-cells"),
        _Damage(row[:100] + row, "too-many-cells"),
        _Damage(row[:100], "torn", is_followed_by_header=True),
        _Damage(diagnosed + b'"smtp;550 no', "torn", is_followed_by_header=True),
        _Damage(b"\0" * 64 + b"\n", "unknown-type"),
        _Damage(b"bounce" + row, "unknown-type"),
        _Damage(row.replace(b"bad#@", b"b\xff#@"), "not-an-address"),
        _Damage(row.replace(b"bad#@example.net", b"..."), "not-an-address"),
        _Damage(row.replace(b"bad#@example.net", b""), "no-recipient"),
    ]
