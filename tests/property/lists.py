"""Reference for plain lists, slow and plain: judges the lines that are no accounting records."""

from collections.abc import Sequence

from bouncehandler.accounting.heading import Heading, has_other_address
from bouncehandler.accounting.list_cells import listed_address, segments
from bouncehandler.record import Address, parse_address

_PADDING = ' \t\r\n\ufeff\0"'


class Lists:
    """State of a plain list so far; `is_over`: no list can begin any more."""

    def __init__(self, *, is_over: bool = False) -> None:
        self.is_over = is_over
        self.is_begun = False
        self.fault = ""
        self.is_doubtful = False
        self.heading: Heading | None = None

    def judge(self, cells: Sequence[str]) -> tuple[str, str]:
        """Result for a line: `list` and the address, `header`, or a reject reason."""
        heading = Heading.of(cells)
        if heading and heading.is_powermta:
            return self._refuse("header-without-type"), ""
        if self.fault == "header-without-type":
            return self.fault, ""
        if self.is_over:
            return "unknown-type", ""
        address = listed_address(cells[0])
        if not address:
            return self._words(cells, heading), ""
        fault = self._fault(cells, address)
        self.is_begun = True
        return fault or "list", "" if fault else address

    def _fault(self, cells: Sequence[str], address: str) -> str:
        if self.is_doubtful:
            return self._refuse("ambiguous-recipient")
        rivals = self._rivals(cells, address)
        if self.fault or not rivals:
            return self.fault
        if not self.is_begun or any(self.heading and self.heading.is_recipient(name) for name in rivals[:1]):
            return self._refuse("ambiguous-recipient")
        return "ambiguous-recipient"

    def _rivals(self, cells: Sequence[str], address: str) -> list[str]:
        """Names of all columns that hold another address; an empty one for a column without a name."""
        whole = Address(address)
        first, *behind = segments(cells[:1])
        names = self.heading.names if self.heading else ("",)
        has_commas = bool(self.heading and self.heading.has_commas)
        display = first[: first.rfind("<")] if first.rstrip(_PADDING).endswith(">") and "<" in first else ""
        found = (
            [""] if any(has_other_address(text, whole) for text in [display, *(behind if has_commas else ())]) else []
        )
        columns = cells if has_commas else [first, *behind, *segments(cells[1:])]
        for at, cell in enumerate(columns[1:], 1):
            name = names[at] if at < len(names) else ""
            is_senders = Heading((name,), has_commas=False).is_known(within_list=True)
            if has_other_address(cell, whole) and not is_senders:
                found.append(name)
        return found

    def _words(self, cells: Sequence[str], heading: Heading | None) -> str:
        if heading and heading.is_clear:
            self.heading, self.fault, self.is_doubtful, self.is_begun = heading, "", False, True
            return "header"
        if heading and heading.is_known(within_list=self.is_begun):
            return self._refuse("ambiguous-recipient")
        if self.fault or self.is_begun:
            return self.fault or "not-an-address"
        others = [cell for cell in segments(cells)[1:] if parse_address(cell)]
        self.is_doubtful = self.is_doubtful or bool(others) or bool(heading and sum(map(bool, heading.names)) > 1)
        return "unknown-type"

    def _refuse(self, reason: str) -> str:
        self.fault, self.is_doubtful, self.heading, self.is_begun = reason, False, None, True
        return reason
