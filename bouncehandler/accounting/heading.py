"""Headings of lists: the recipient's column by the names of the columns."""

import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple, Self

from bouncehandler.accounting.list_cells import PADDING, SEPARATOR, segments
from bouncehandler.record import Address, parse_address

_MAX_NAME = 80
"""Characters of a column's name."""

_ADDRESS = "add?res(?:s?e?s?|se?n)"
_MAIL = rf"(?:\w*e-?|\w*)mail(?:-?{_ADDRESS})?"
_RECIPIENT = re.compile(
    rf"(?:[\w-]+[\s_-]+)?(?:{_MAIL}|{_ADDRESS}|recipient|rcpt|subscriber|destination|destinat[aá]rio|destinataire|"
    r"empf[aä]nger|courriel|correo)s?(?:[\s_-]+\w+)?|(?:(?:header|mail)[\s_-]?)?to",
    re.IGNORECASE,
)
"""`email`, `Email Address`, `e-mail_address`, `Subscriber Email`, `destination`."""

_ELSE = re.compile(
    r"sender|from|orig|source|return|reply|bounce(?!d)|envelope|afzender|exp[eé]dit|remitente|mittente|"
    r"server|domain|(?:^|[\s_-])(?:ip|owner|admin)(?:$|[\s_-])",
    re.IGNORECASE,
)
"""Parts of names that no recipient's column has."""

_NO_MAIL = re.compile(r"^(?!.*mail).*[\s_-](?:u?u?id|guid|key|name|number|no|hash|status|type)$", re.IGNORECASE)
"""`SUBSCRIBER_UID`, but not `Email ID`, which is the address in many lists."""

_SENDER = re.compile(
    r"(?:[\w-]+[\s_-]+)?(?:mail)?(?:sender|from|orig|originator|source|src|return[\s_-]?path|reply[\s_-]?to|absender|"
    rf"afzender|exp[eé]diteur|remitente|mittente)(?:[\s_-]?(?:{_MAIL}|{_ADDRESS}|id|name))?",
    re.IGNORECASE,
)
"""Names of the sender's column."""

_OTHER = re.compile(
    r"(?:[\w-]+[\s_-]+)?(?:u?u?id|guid|key|(?:first|last|full)?name|status|reason|date|time|created|type|event|list|no)",
    re.IGNORECASE,
)
"""Names of columns that hold no address."""

_POWERMTA = frozenset((
    *("timelogged", "timequeued", "timeimprinted", "orig", "rcpt", "orcpt", "dsnaction", "dsnstatus", "dsndiag"),
    *("dsnmta", "dsnreportingmta", "bouncecat", "srctype", "srcmta", "dlvtype", "dlvsourceip", "dlvdestinationip"),
    *("dlvesmtpavailable", "dlvsize", "vmta", "vmtapool", "jobid", "envid", "repsourceip", "feedbacktype"),
    *("reporteddomain", "reportingmta", "rcvsourceip"),
))  # fmt: skip


_PARTS = re.compile(r"[,;\t]")
_LIKE_ADDRESS = re.compile(r"<?[^\s@<>]+@[^\s@<>]+>?")
"""Texts that look like an address and are none: `root@localhost`, `...@example.net`."""


class Heading(NamedTuple):
    """Names, or possible names, of a list's columns."""

    names: tuple[str, ...]
    has_commas: bool
    """Whether commas separate them, as in CSV; else semicolons or tabs."""

    @classmethod
    def of(cls, cells: Sequence[str]) -> Self | None:
        """The heading in a row; None where a cell holds an @, or is too long for a name."""
        has_commas = len(cells) > 1 and not SEPARATOR.search(cells[0])
        names = tuple(name.strip(PADDING) for name in (cells if has_commas else segments(cells)))
        return None if any("@" in name or len(name) > _MAX_NAME for name in names) else cls(names, has_commas)

    @property
    def first(self) -> str:
        """The first column's name, printable and short."""
        name = self.names[0][:40]
        return (name if name.isprintable() else ascii(name)[1:-1]) or "nothing"

    @property
    def is_powermta(self) -> bool:
        """Whether PowerMTA's columns are among them; a header proper begins with `type`, and is no list's heading."""
        return len(_POWERMTA.intersection(name.lower() for name in self.names)) > 1

    @property
    def is_clear(self) -> bool:
        """Whether the first column is the recipient's."""
        return _is_recipient(self.names[0])

    @property
    def has_several(self) -> bool:
        """Whether there is more than one name."""
        return sum(map(bool, self.names)) > 1

    def is_known(self, *, within_list: bool) -> bool:
        """Whether these are column names, and the first is not the recipient's.

        Args:
            within_list: whether the line is inside a list, where it may hold any words; then the first one must be a
                column name, too.
        """
        first, *others = self.names
        if _SENDER.fullmatch(first):
            return True
        has_names = any(_is_recipient(name) or _SENDER.fullmatch(name) for name in others)
        return has_names and (not within_list or bool(_OTHER.fullmatch(first)))

    def rival(self, cells: Sequence[str], address: Address) -> str | None:
        """The name of a column with another address than the first, empty for no name; None where no column has one."""
        if "".join(cells).count("@") == 1:
            return None
        first, *others = SEPARATOR.split(cells[0])
        display_name = first.rpartition("<")[0] if first.rstrip(PADDING).endswith(">") else ""
        if any(has_other_address(text, address) for text in (display_name, *(others if self.has_commas else ()))):
            return ""
        columns = cells if self.has_commas else segments(cells)
        for name, cell in zip_longest(self.names[1:], columns[1:], fillvalue=""):
            if has_other_address(cell, address) and not _SENDER.fullmatch(name):
                return name
        return None

    def is_recipient(self, name: str) -> bool:
        """Whether a name is a recipient's."""
        return _is_recipient(name)


BARE = Heading(("",), has_commas=False)
"""Heading of a list that has none."""


def has_other_address(cell: str, address: Address) -> bool:
    """Whether a cell holds another address than this one; an address within a text does not count."""
    return "@" in cell and any(_is_other(part.strip(f"{PADDING}'"), address) for part in _PARTS.split(cell))


def _is_other(text: str, address: Address) -> bool:
    found = parse_address(text) or parse_address(text.rpartition(":")[2])
    return found != address if found else _LIKE_ADDRESS.fullmatch(text) is not None


def _is_recipient(name: str) -> bool:
    is_one = _RECIPIENT.fullmatch(name) is not None
    return is_one and not (_ELSE.search(name) or _NO_MAIL.match(name))
