"""A plain list on its way: whether its lines are taken, and why a list is refused as a whole."""

from collections.abc import Sequence
from typing import NamedTuple

from bouncehandler.accounting.headings import BARE, Heading
from bouncehandler.accounting.list_cells import listed_address, segments
from bouncehandler.record import Address, parse_address

AMBIGUOUS = "ambiguous-recipient"
NO_TYPE = "header-without-type"


class Refusal(NamedTuple):
    """Why lines are refused from here on."""

    line: int
    """Of the stream, from 1."""
    reason: str
    """`ambiguous-recipient` or `header-without-type`."""
    seen: str = ""
    """What shows it, as half a sentence."""


class Judgement(NamedTuple):
    """What a line is: an address, unreadable for a reason, or with neither a heading."""

    reason: str = ""
    address: Address | None = None


class AddressList:
    """Judges lines that are no accounting records, one after the other."""

    def __init__(self) -> None:
        self.may_come = True
        """Whether a line may be a list's."""
        self.has_begun = False
        """Whether a heading or an address came, or a list was refused."""
        self.refusal: Refusal | None = None
        """The first one of the stream, which refuses all of it."""
        self._heading = BARE
        self._refused = ""
        """The reason for which each line is set aside, until another heading or header comes."""
        self._doubt: Refusal | None = None
        """What refuses the list as soon as a line begins with an address."""

    @property
    def blocks_records(self) -> bool:
        """Whether the columns of rows that begin with a record type are unknown, too."""
        return self._refused == NO_TYPE

    def end(self) -> None:
        """A header of accounting records came: what follows is no list."""
        self.may_come = self.has_begun = False
        self._refused, self._doubt = "", None

    def meet_record(self) -> None:
        """An accounting record came: behind it no list begins."""
        self.may_come = self.has_begun

    def judge(self, cells: Sequence[str], line: int) -> Judgement:
        """What a row is that holds something, at this line of the stream."""
        heading = None if "@" in cells[0] else Heading.of(cells)
        if heading and heading.is_powermta:
            return self._refuse(Refusal(line, NO_TYPE))
        if self.blocks_records:
            return Judgement(NO_TYPE)
        if not self.may_come:
            return Judgement("unknown-type")
        address = listed_address(cells[0])
        if address:
            return self._address(address, cells, line)
        return self._words(heading, cells, line)

    def _address(self, address: Address, cells: Sequence[str], line: int) -> Judgement:
        """A line that begins with an address."""
        if self._doubt:
            return self._refuse(self._doubt)
        if self._refused:
            return Judgement(self._refused)
        rival = self._heading.rival(cells, address)
        if rival is None:
            self.has_begun = True
            return Judgement(address=address)
        if not self.has_begun or self._heading.is_recipient(rival):
            return self._refuse(Refusal(line, AMBIGUOUS, "there are several addresses"))
        return Judgement(AMBIGUOUS)

    def _words(self, heading: Heading | None, cells: Sequence[str], line: int) -> Judgement:
        """A line that does not: a heading, or unreadable."""
        if heading and heading.is_clear:
            self._heading, self._refused, self._doubt, self.has_begun = heading, "", None, True
            return Judgement()
        if heading and heading.is_known(within_list=self.has_begun):
            return self._refuse(_called(heading, line))
        if self._refused:
            return Judgement(self._refused)
        if self.has_begun:
            return Judgement("not-an-address")
        if heading and heading.is_several:
            self._doubt = _called(heading, line)
        elif any(map(parse_address, segments(cells)[1:])):
            self._doubt = self._doubt or Refusal(line, AMBIGUOUS, "the first holds no address, but another one does")
        return Judgement("unknown-type")

    def _refuse(self, refusal: Refusal) -> Judgement:
        self.refusal = self.refusal or refusal
        self._refused, self._doubt, self._heading, self.has_begun = refusal.reason, None, BARE, True
        return Judgement(refusal.reason)


def _called(heading: Heading, line: int) -> Refusal:
    return Refusal(line, AMBIGUOUS, f"the first is called {heading.first}")
