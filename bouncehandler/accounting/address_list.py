"""Plain list of addresses: its lines are accepted one by one, or the list is refused as a whole."""

from collections.abc import Sequence
from typing import NamedTuple

from bouncehandler.accounting.heading import BARE, Heading
from bouncehandler.accounting.list_cells import listed_address, segments
from bouncehandler.record import Address, parse_address

AMBIGUOUS = "ambiguous-recipient"
NO_TYPE = "header-without-type"


class Refusal(NamedTuple):
    """Refusal of all lines from one line on."""

    line: int
    """Line of the stream, from 1."""
    reason: str
    """`ambiguous-recipient` or `header-without-type`."""
    evidence: str = ""
    """Half a sentence for the message."""


class Judgement(NamedTuple):
    """Result for one line: an address, a reject reason, or a heading, which has neither."""

    reason: str = ""
    address: Address | None = None


class AddressList:
    """State of a plain list while the lines that are no accounting records are judged one by one."""

    def __init__(self) -> None:
        self.is_possible = True
        """Whether a list may begin or goes on."""
        self.has_begun = False
        """Whether a heading or an address was read, or a list was refused."""
        self.refusal: Refusal | None = None
        """The first refusal, which holds for the whole stream."""
        self._heading = BARE
        self._reject_reason = ""
        """Reason to reject each line until the next heading or header; empty for none."""
        self._pending_refusal: Refusal | None = None
        """Refusal that takes effect at the first line that begins with an address."""

    @property
    def blocks_records(self) -> bool:
        """Whether the columns of accounting rows are unknown, too."""
        return self._reject_reason == NO_TYPE

    def end(self) -> None:
        """End the list: a header of accounting records follows."""
        self.is_possible = self.has_begun = False
        self._reject_reason, self._pending_refusal = "", None

    def add_record(self) -> None:
        """Take note of an accounting record, behind which no list begins."""
        self.is_possible = self.has_begun

    def judge(self, cells: Sequence[str], line: int) -> Judgement:
        """Judge a row that is not empty, at this line of the stream."""
        heading = None if "@" in cells[0] else Heading.of(cells)
        if heading and heading.is_powermta:
            return self._refuse(Refusal(line, NO_TYPE))
        if self.blocks_records:
            return Judgement(NO_TYPE)
        if not self.is_possible:
            return Judgement("unknown-type")
        address = listed_address(cells[0])
        if address:
            return self._judge_address(address, cells, line)
        return self._judge_words(heading, cells, line)

    def _judge_address(self, address: Address, cells: Sequence[str], line: int) -> Judgement:
        """Judge a line that begins with an address."""
        if self._pending_refusal:
            return self._refuse(self._pending_refusal)
        if self._reject_reason:
            return Judgement(self._reject_reason)
        rival = self._heading.rival(cells, address)
        if rival is None:
            self.has_begun = True
            return Judgement(address=address)
        if not self.has_begun or self._heading.is_recipient(rival):
            return self._refuse(Refusal(line, AMBIGUOUS, "there are several addresses"))
        return Judgement(AMBIGUOUS)

    def _judge_words(self, heading: Heading | None, cells: Sequence[str], line: int) -> Judgement:
        """Judge a line that begins with no address: a heading, or unreadable."""
        if heading and heading.is_clear:
            self._heading, self._reject_reason, self._pending_refusal, self.has_begun = heading, "", None, True
            return Judgement()
        if heading and heading.is_known(within_list=self.has_begun):
            return self._refuse(_unclear_column(heading, line))
        if self._reject_reason:
            return Judgement(self._reject_reason)
        if self.has_begun:
            return Judgement("not-an-address")
        if heading and heading.has_several:
            self._pending_refusal = _unclear_column(heading, line)
        elif any(map(parse_address, segments(cells)[1:])):
            self._pending_refusal = self._pending_refusal or Refusal(
                line, AMBIGUOUS, "the first holds no address, but another one does"
            )
        return Judgement("unknown-type")

    def _refuse(self, refusal: Refusal) -> Judgement:
        self.refusal = self.refusal or refusal
        self._reject_reason, self._pending_refusal, self._heading, self.has_begun = refusal.reason, None, BARE, True
        return Judgement(refusal.reason)


def _unclear_column(heading: Heading, line: int) -> Refusal:
    return Refusal(line, AMBIGUOUS, f"the first is called {heading.first}")
