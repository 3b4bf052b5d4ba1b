"""Strategies for input streams: pieces of rows in any order, and cut anywhere."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from random import Random

from bouncehandler.accounting import AnonymousComplaint, Item, PowerMtaCsvReader, Unreadable
from bouncehandler.record import Bounce, Complaint, ListedAddress
from bouncehandler.record.bounce_batch import BounceBatch
from tests.property.reference import READ, parts

HEADER = b"type,timeLogged,bounceCat,orig,rcpt,dsnStatus,jobId,dsnDiag\n"
NARROW = b"type,rcpt,bounceCat,dsnDiag\n"
BOUNCE = b"b,2026-01-05 10:00:00+0100,bad-mailbox,news@example.com,ann@example.net,5.1.1,job,"
LOOP = (
    b"type,timeLogged,feedbackType,orig,rcpt,header_X-Mw-Subscriber-Uid,header_List-Id,header_X-Mailer-LID,"
    b"header_X-Mailer-RecptId,header_List-Unsubscribe,arf_Original-Rcpt-To,header_To,tail\n"
)
REPORT = b"f,2026-01-05 10:00:00+0100,abuse,news@example.com,"
CROWD = b";".join(b"u%d@h.example" % number for number in range(21))

COMPLAINTS = (
    *(LOOP, b"\n" + LOOP, b"type,feedbackType,rcpt\n", b"type,feedbackType,orig,header_X-Mailer-RecptId\n", b"f,"),
    *(REPORT, b"\n" + REPORT, REPORT + b"ann@example.net\n", REPORT + b"x@aol.com\n", REPORT + b"\n", b"f,abuse,"),
    *(
        REPORT + b",gh890ij123kl4,<ab123cd456ef7>,,,\n",
        REPORT + b'...,,,"8,13",17,,,,\n',
        REPORT + b'"' + CROWD + b'"\n',
    ),
    *(REPORT + b',,,,,<mailto:t@u.example>,"rfc822;i@j.example\nrfc822;k@l.example",,\n', b"gh890ij123kl4", b"17"),
    *(b"<m@n.example>", b'"Doe, Ann" <o@p.example>', b'"""Doe"" <q@r.example>, s@t.example"', b"(u@v.example) ", b";"),
    *(b"rfc822;", b"redacted@", b"...@", b"<", b">", b"(", b")", b"\\", b"mailto:", CROWD, b"t@", b"@", b".example"),
)
"""What rows of feedback loops are made of."""

LISTS = (
    *(b"email,name\n", b"source,destination\n", b"Name;E-Mail\n", b"email,e-mail 2\n", b"what,ever\n", b"sender\n"),
    *(
        b"orig,rcpt,bounceCat\n",
        b"orig,feedbackType,timeLogged\n",
        b"vmta;rcpt\n",
        b'"email";"Name"\n',
        b"email\tsender\n",
    ),
    *(b"a@b.example,c@d.example\n", b"a@b.example;c@d.example\n", b'"a@b.example";"c@d.example"\n', b"\na@b.example,"),
    *(b"a@b.example <c@d.example>", b"1,a@b.example\n", b"name,<a@b.example> c@d.example\n", b"A@B.example"),
    *(
        b"b,,other,,,ann@y.example,,,,,,\n",
        b"f,,,abuse,,,,news@example.com,i@j.example",
        b"b,x,other,,,ann@y.example\n",
    ),
)
"""What plain lists, their headings, and rows without a header are made of."""

PIECES = (
    *(b'"', b'""', b'","', b'",', b',"', b",", b"\n", b"\r\n", b"\r", b"\0", b"\xff", b"\xef\xbb\xbf", b"\xe2\x80\xa8"),
    *(b"b,", b"rb,", b"d,", b"t,", b"type,", b"x,", b"email\n", b"a@b.example", b"c@d.example;", b"\t", b"word", b" "),
    *(HEADER, NARROW, b"\n" + HEADER, b"type,rcpt\n", BOUNCE, b"\n" + BOUNCE, BOUNCE + b"text\n", BOUNCE + b'"text\n'),
    *(
        BOUNCE + b'"a\nb"\n',
        b"b,e@f.example,other,\n",
        b"\nb,g@h.example,",
        b"b,,,",
        b'b,x","\n',
        b'b,"\n',
        b",,,,,,,,,",
    ),
    *COMPLAINTS,
    *LISTS,
)
"""Everything that a row may be made of, well or badly."""

Event = tuple[str, str, int, bytes]
"""What was read: `bounce`, `list` or `complaint` and who, or the reason why a row is none, its line and its bytes."""


def split(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    """The data in blocks that end at the cuts."""
    locations = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(locations)]


def read(blocks: Iterable[bytes], reader: PowerMtaCsvReader | None = None) -> list[Item]:
    """All items of a stream."""
    reader = reader or PowerMtaCsvReader()
    items = [item for block in blocks for item in reader.feed(block)] + reader.close()
    return [one for item in items for one in (item if isinstance(item, BounceBatch) else (item,))]


def events(items: Sequence[Item]) -> list[Event]:
    """The items as events; the pieces of a row that is too long are put together again."""
    found: list[Event] = []
    for item in items:
        if isinstance(item, Bounce | ListedAddress):
            found.append(("bounce" if isinstance(item, Bounce) else "list", item.recipient, 0, b""))
        elif isinstance(item, Complaint):
            found.append(("complaint", item.recipient or item.subscriber.name, 0, b""))
        elif isinstance(item, AnonymousComplaint):
            found.append(("nameless", "", item.line, item.raw))
        elif isinstance(item, Unreadable) and item.is_first_piece:
            found.append((item.reason, "", item.line, item.raw))
        elif isinstance(item, Unreadable):
            reason, value, line, raw = found.pop()
            found.append((reason, value, line, raw + item.raw))
    return found


def expected(data: bytes) -> list[Event]:
    """Events of the reference reader for the data."""
    found: list[Event] = []
    for what, value, line, text in parts(data.removeprefix(b"\xef\xbb\xbf").decode(errors="surrogateescape")):
        if what not in READ:
            found.append((what, "", line, text.encode(errors="surrogateescape")))
        elif value and what != "count":
            found += [(what, each, 0, b"") for each in value.split("\n")]
    return found


def random_stream(random: Random, most: int) -> Iterator[bytes]:
    """So many pieces at most, with now and then some bytes of no meaning."""
    for _ in range(random.randint(0, most)):
        yield random.randbytes(random.randint(1, 4)) if random.random() < 0.02 else random.choice(PIECES)
