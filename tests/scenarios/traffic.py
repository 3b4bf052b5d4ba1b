"""Three weeks of a bulk sender's hard bounces, made from a seed: campaigns, mailbox providers, and incidents.

Two million deliveries a week, of which one in a hundred bounces hard (two in a hundred bounce at all). What goes wrong
happens in the third week. Times are minutes since its history begins.
"""

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

HOUR, DAY = 60, 24 * 60
THIRD_WEEK = 14 * DAY
_WEEK = 2_000_000
"""Deliveries."""
_STEADY = 0.3
"""The share of them that comes evenly by day and night: confirmations, reminders."""
_CAMPAIGNS = (6, 9, 13, 17, 20)
"""Hours of the day."""
_HARD = 0.01
_START = datetime(2026, 3, 2, tzinfo=UTC)


class Text(NamedTuple):
    """A server's diagnostic, and how often among its hard bounces."""

    weight: float
    status: str
    diagnostic: str
    """`{who}` is the recipient, `{id}` a number of the message's."""


@dataclass(frozen=True)
class Receiver:
    """A mailbox provider that receives mail."""

    name: str
    share: float
    lag: float
    """Hours that a campaign takes to be delivered there."""
    domain: str
    host: str
    texts: Sequence[Text]


class HardBounce(NamedTuple):
    """A hard bounce."""

    at: int
    """Minutes."""
    recipient: str
    status: str
    diagnostic: str
    host: str
    is_false: bool


_GMAIL = (
    Text(9, "5.1.1", "smtp;550-5.1.1 The email account that you tried to reach does not exist. {id} - gsmtp"),
    Text(1, "5.2.1", "smtp;550 5.2.1 The email account that you tried to reach is inactive. {id} - gsmtp"),
)
_OUTLOOK = (
    Text(8, "5.5.0", "smtp;550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302). [{id}]"),
    Text(2, "5.2.1", "smtp;550 5.2.1 The account is disabled, not accepting messages [{id}.outlook.com]"),
)
_YAHOO = (
    Text(7, "5.0.0", "smtp;554 delivery error: dd This user doesn't have a yahoo.com account ({who}) [0] - mta{id}"),
    Text(3, "5.0.0", "smtp;554 30 Sorry, your message to {who} cannot be delivered. This mailbox is disabled."),
)
_GMX = (Text(1, "5.1.1", "smtp;550 Requested action not taken: mailbox unavailable"),)
_POSTFIX = (
    Text(1, "5.1.1", "smtp;550 5.1.1 <{who}>: Recipient address rejected: User unknown in virtual mailbox table"),
)
_EXCHANGE = (
    Text(8, "5.1.10", "smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; {who} not found by SMTP address lookup"),
    Text(2, "5.4.1", "smtp;550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [{id}.outlook.com]"),
)
_DKIM = Text(1, "5.1.1", "smtp;550 5.1.1 message refused, the DKIM signature of your domain did not verify {id}")
_OUTAGE = _EXCHANGE[1]


def receivers() -> list[Receiver]:
    """A bulk sender's mix: a few large ones, and companies that have Google, Microsoft, or servers of their own."""
    found = [
        Receiver("gmail", 0.35, 2, "gmail.com", "gmail-smtp-in.l.google.com", _GMAIL),
        Receiver("microsoft", 0.15, 5, "outlook.com", "outlook-com.olc.protection.outlook.com", _OUTLOOK),
        Receiver("yahoo", 0.10, 6, "yahoo.com", "mta5.am0.yahoodns.net", _YAHOO),
        Receiver("gmx", 0.06, 2, "gmx.de", "mx00.gmx.net", _GMX),
        Receiver("apple", 0.04, 1, "icloud.com", "mx01.mail.icloud.com", _POSTFIX),
        Receiver("orange", 0.002, 3, "orange.fr", "smtp-in.orange.fr", _POSTFIX),
    ]
    for number in range(60):
        domain = f"company{number}.example"
        host, texts = (
            ("aspmx.l.google.com", _GMAIL),
            (f"company{number}-example.mail.protection.outlook.com", _EXCHANGE),
            (f"mail.{domain}", _POSTFIX),
        )[number % 3]
        found.append(Receiver("company", 0.298 / 60, 1, domain, host, texts))
    return found


@dataclass(frozen=True)
class Campaign:
    """One mailing."""

    at: float
    """Minutes."""
    size: float
    hard: float
    """The share of it that bounces hard."""
    only: str = ""
    """Name of the only receiver; empty: all."""
    inactive: float = 1.0
    """How much more of its bounces, than usually, have a receiver's last words."""


Harm = Callable[[Receiver, int], tuple[float, Text] | None]
"""What share of the deliveries at a receiver in a minute is refused by mistake, and in which words."""


def no_harm(_: Receiver, __: int) -> None:
    """No incident."""


@dataclass
class Traffic:
    """The bounces of three weeks."""

    seed: int
    extra: Sequence[Campaign] = ()
    harm: Harm = no_harm
    start: datetime = _START
    """When the first of the three weeks begins."""
    begins: int = 0
    ends: int = 21 * DAY
    """Minutes: less than the three weeks where a test has to be short."""
    _random: random.Random = field(init=False)

    def rows(self) -> Iterator[list[HardBounce]]:
        """Minute by minute, from `begins`."""
        self._random = random.Random(self.seed)  # noqa: S311  # a test's traffic, always the same
        everywhere = receivers()
        campaigns = [*self._campaigns(), *self.extra]
        for minute in range(self.begins, self.ends):
            live = [one for one in campaigns if one.at <= minute < one.at + 8 * HOUR]
            yield [row for receiver in everywhere for row in self._of(receiver, minute, live)]

    def _campaigns(self) -> Iterator[Campaign]:
        size = _WEEK * (1 - _STEADY) / 7 / len(_CAMPAIGNS)
        for day in range(21):
            for hour in _CAMPAIGNS:
                start = day * DAY + hour * HOUR + self._random.randrange(30)
                hard = _HARD * self._random.lognormvariate(0, 0.35)
                yield Campaign(start, size * self._random.uniform(0.5, 1.5), hard)

    def _of(self, receiver: Receiver, minute: int, live: Sequence[Campaign]) -> Iterator[HardBounce]:
        steady = _WEEK * _STEADY / 7 / DAY * (1 + 0.6 * math.sin((minute % DAY / DAY - 0.3) * 2 * math.pi))
        delivered = steady * receiver.share
        rates: dict[float, float] = {1.0: delivered * _HARD}
        for one in live:
            sent = self._sent(one, receiver, minute)
            delivered += sent
            rates[one.inactive] = rates.get(one.inactive, 0.0) + sent * one.hard
        for inactive, rate in rates.items():
            for _ in range(self._poisson(rate)):
                yield self._bounced(receiver, minute, self._text(receiver.texts, inactive))
        harm = self.harm(receiver, minute)
        if harm:
            share, text = harm
            for _ in range(self._poisson(delivered * share)):
                yield self._bounced(receiver, minute, text, is_false=True)

    def _sent(self, campaign: Campaign, receiver: Receiver, minute: int) -> float:
        """How many of a campaign are delivered there in a minute: ever fewer, until all are."""
        share = receiver.share if not campaign.only else float(campaign.only == receiver.name)
        age, length = (minute - campaign.at) / HOUR, receiver.lag
        return campaign.size * share * 2 / length / HOUR * (1 - age / length) if age < length else 0.0

    def _text(self, texts: Sequence[Text], inactive: float) -> Text:
        weights = [text.weight * (inactive if text is texts[-1] and len(texts) > 1 else 1) for text in texts]
        return self._random.choices(texts, weights)[0]

    def _bounced(self, receiver: Receiver, minute: int, text: Text, *, is_false: bool = False) -> HardBounce:
        number = self._random.getrandbits(40)
        who = f"p{number:x}@{receiver.domain}"
        return HardBounce(
            minute, who, text.status, text.diagnostic.format(who=who, id=f"x{number:x}"), receiver.host, is_false
        )

    def _poisson(self, mean: float) -> int:
        """A number of events, of which so many are expected."""
        if mean > 30:  # where the normal distribution is as good
            return max(0, round(self._random.gauss(mean, math.sqrt(mean))))
        count, product, limit = 0, self._random.random(), math.exp(-mean)
        while product > limit:
            count += 1
            product *= self._random.random()
        return count


def _between(minute: int, day: int, begins: float, ends: float) -> bool:
    """Whether a minute is within hours of a day of the third week."""
    start = THIRD_WEEK + day * DAY
    return start + begins * HOUR <= minute < start + ends * HOUR


def gmail_2020(receiver: Receiver, minute: int) -> tuple[float, Text] | None:
    """22:16 to 00:38, and 19:38 to 23:57 on the next day: 7 % of all deliveries."""
    is_evening = _between(minute, 1, 22 + 16 / 60, 24 + 38 / 60) or _between(minute, 2, 19 + 38 / 60, 23 + 57 / 60)
    return (0.07, _GMAIL[0]) if receiver.name == "gmail" and is_evening else None


def yahoo_2019(receiver: Receiver, minute: int) -> tuple[float, Text] | None:
    """For the whole week a quarter of Yahoo's hard bounces are false."""
    return (_HARD / 3, _YAHOO[0]) if receiver.name == "yahoo" and minute >= THIRD_WEEK else None


def broken_dkim(receiver: Receiver, minute: int) -> tuple[float, Text] | None:
    """A wrong DKIM key for three hours of a day with campaigns: 60 % of deliveries at four mailbox providers."""
    is_hit = receiver.name in {"gmail", "microsoft", "yahoo", "gmx"} and _between(minute, 1, 9, 12)
    return (0.6, _DKIM) if is_hit else None


def outage(receiver: Receiver, minute: int) -> tuple[float, Text] | None:
    """Microsoft's directory does not answer for two hours: half of the deliveries at companies that it hosts."""
    is_hosted = receiver.host.endswith(".mail.protection.outlook.com") and receiver.name == "company"
    return (0.5, _OUTAGE) if is_hosted and _between(minute, 1, 9, 11) else None


_STALE = Campaign(THIRD_WEEK + DAY + 10 * HOUR, 100_000, 0.08, inactive=5.0)
_ABROAD = Campaign(THIRD_WEEK + 2 * DAY + 11 * HOUR, 20_000, 0.02, only="orange")


class Scenario(NamedTuple):
    """An incident, or an unusual campaign, of the third week."""

    extra: Sequence[Campaign] = ()
    harm: Harm = no_harm
    start: datetime = _START

    def traffic(self, seed: int, begins: int = 0, ends: int = 21 * DAY) -> Traffic:
        """Made from a seed."""
        return Traffic(seed, self.extra, self.harm, self.start, begins, ends)


SCENARIOS: Mapping[str, Scenario] = {
    "an ordinary week": Scenario(),
    "a stale list of 100,000, 8 % bounce": Scenario((_STALE,)),
    "20,000 at a mailbox provider hardly seen before": Scenario((_ABROAD,)),
    "Gmail, December 2020": Scenario(harm=gmail_2020, start=datetime(2020, 11, 29, tzinfo=UTC)),
    "Yahoo, autumn 2019": Scenario(harm=yahoo_2019, start=datetime(2019, 9, 30, tzinfo=UTC)),
    "an own broken DKIM key": Scenario(harm=broken_dkim),
    "Microsoft's directory does not answer": Scenario(harm=outage),
}
"""In the words of the table."""
