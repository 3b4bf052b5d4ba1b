"""Mailbox providers: the organisations behind recipients' domains, whose bounces have causes in common."""

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

DOMAINS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "gmail": ("gmail.com", "googlemail.com"),
        "microsoft": ("outlook.*", "hotmail.*", "live.*", "msn.com", "passport.com", "windowslive.com"),
        "yahoo": (
            "yahoo.*", "ymail.com", "rocketmail.com", "myyahoo.com", "aol.*", "aim.com", "verizon.net", "netscape.net",
            "att.net", "sbcglobal.net", "bellsouth.net", "ameritech.net", "pacbell.net",
        ),
        "apple": ("icloud.com", "me.com", "mac.com"),
        "gmx": ("gmx.*", "web.de", "mail.com", "1und1.de", "email.de"),
        "t-online": ("t-online.de", "magenta.de"),
        "mail-ru": ("mail.ru", "bk.ru", "inbox.ru", "list.ru", "internet.ru"),
        "yandex": ("yandex.*", "ya.ru"),
        "rambler": ("rambler.ru", "lenta.ru", "autorambler.ru", "myrambler.ru", "ro.ru"),
        "comcast": ("comcast.net", "xfinity.com"),
        "charter": ("charter.net", "spectrum.net", "roadrunner.com", "*.rr.com", "twc.com"),
        "cox": ("cox.net",),
        "orange": ("orange.fr", "wanadoo.fr"),
        "free": ("free.fr", "freesbee.fr", "libertysurf.fr"),
        "sfr": ("sfr.fr", "neuf.fr", "cegetel.net"),
        "laposte": ("laposte.net",),
        "libero": ("libero.it", "iol.it", "inwind.it", "blu.it", "giallo.it"),
        "tim": ("tim.it", "alice.it", "tin.it", "virgilio.it"),
        "seznam": ("seznam.cz", "email.cz", "post.cz", "spoluzaci.cz"),
        "wp": ("wp.pl", "o2.pl", "tlen.pl"),
        "onet": ("onet.pl", "onet.eu", "op.pl", "vp.pl", "poczta.onet.pl"),
        "interia": ("interia.pl", "interia.eu", "poczta.fm"),
        "btinternet": ("btinternet.com", "btopenworld.com", "talk21.com"),
        "sky": ("sky.com",),
        "virgin": ("virginmedia.com", "ntlworld.com", "blueyonder.co.uk"),
        "ziggo": ("ziggo.nl", "upcmail.nl", "home.nl"),
        "kpn": ("kpnmail.nl", "planet.nl", "hetnet.nl", "xs4all.nl"),
        "telenet": ("telenet.be",),
        "bluewin": ("bluewin.ch",),
        "proton": ("protonmail.com", "proton.me", "pm.me"),
        "zoho": ("zoho.com", "zohomail.com"),
        "fastmail": ("fastmail.*",),
        "qq": ("qq.com", "foxmail.com"),
        "netease": ("163.com", "126.com", "yeah.net"),
        "naver": ("naver.com",),
        "docomo": ("docomo.ne.jp",),
        "uol": ("uol.com.br", "bol.com.br"),
        "terra": ("terra.com.br", "terra.com"),
    }
)  # fmt: skip
"""Recipients' domains by provider; `outlook.*` is outlook with any ending, `*.rr.com` any domain below."""

HOSTS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "google-workspace": ("*.google.com", "*.googlemail.com"),
        "microsoft-365": ("*.protection.outlook.com", "*.mx.microsoft"),
        "microsoft": ("*.olc.protection.outlook.com", "*.hotmail.com"),
        "yahoo": ("*.yahoodns.net",),
        "proofpoint": ("*.pphosted.com", "*.ppe-hosted.com"),
        "mimecast": ("*.mimecast.com", "*.mimecast.co.za"),
        "barracuda": ("*.barracudanetworks.com", "*.ess.barracuda.com"),
        "broadcom": ("*.messagelabs.com",),
        "cisco": ("*.iphmx.com",),
        "trendmicro": ("*.trendmicro.com", "*.trendmicro.eu"),
        "hornetsecurity": ("*.antispameurope.com", "*.hornetsecurity.com"),
        "ovh": ("*.ovh.net",),
        "ionos": ("*.kundenserver.de", "*.ionos.com", "*.perfora.net"),
        "godaddy": ("*.secureserver.net",),
        "rackspace": ("*.emailsrvr.com",),
        "zoho": ("*.zoho.com", "*.zoho.eu"),
        "yandex": ("*.yandex.net", "*.yandex.ru"),
        "mail-ru": ("*.mail.ru",),
        "apple": ("*.icloud.com",),
    }
)
"""Mail exchangers by provider, for domains that are not named above; of two patterns that match, the longer one."""

_CACHE_SIZE = 20_000
"""Cached pairs of domain and host; the set is open, memory is not."""


_ENDING = re.compile(r"(?:com?\.)?[a-z]{2,3}")
"""Endings for `outlook.*`: `com`, `de`, `co.uk`; a domain below a company's own is not Microsoft's."""


class MailboxProviders:
    """Finds the mailbox provider of a recipient.

    Args:
        own: a site's further patterns by name, of domains or of hosts.
    """

    def __init__(self, own: Mapping[str, Sequence[str]] = MappingProxyType({})) -> None:
        self._cache: dict[tuple[str, str], str] = {}
        self._domains = _Patterns({**DOMAINS, **own})
        self._hosts = _Patterns({**HOSTS, **own})

    def of(self, recipient: str, host: str) -> str:
        """The provider's name; the recipient's own domain where none is known.

        Args:
            host: `dsnMta` as PowerMTA writes it, `host (address)`; empty where no server answered.
        """
        return self._of(recipient[recipient.rfind("@") + 1 :], host)

    def match_batch(self, domains: Iterable[str], hosts: Iterable[str]) -> list[str]:
        """The provider of each recipient's domain."""
        exact, of = self._domains.exact.get, self._of
        return [exact(domain) or of(domain, host) for domain, host in zip(domains, hosts, strict=True)]

    def _of(self, domain: str, host: str) -> str:
        name = self._domains.exact.get(domain)
        if name is not None:
            return name
        key = domain, host
        found = self._cache.get(key)
        if found is None:
            found = self._search(domain.lower(), host.partition(" ")[0].strip().rstrip(".").lower())
            if len(self._cache) >= _CACHE_SIZE:
                self._cache.clear()
            self._cache[key] = found
        return found

    def _search(self, domain: str, host: str) -> str:
        return self._domains.find(domain) or self._hosts.find(host) or domain


class _Patterns:
    """Names by exact text, by beginning, and by ending."""

    def __init__(self, named: Mapping[str, Sequence[str]]) -> None:
        pairs = [(pattern, name) for name, patterns in named.items() for pattern in patterns]
        self.exact = {pattern: name for pattern, name in pairs if "*" not in pattern}
        self._by_beginning = {pattern[:-1]: name for pattern, name in pairs if pattern.endswith(".*")}
        ends = [(pattern[1:], name) for pattern, name in pairs if pattern.startswith("*.")]
        self._by_end = sorted(ends, key=lambda end: -len(end[0]))

    def find(self, text: str) -> str:
        """The name; empty where no pattern matches."""
        first = text[: text.find(".") + 1]
        by_start = self._by_beginning.get(first) if _ENDING.fullmatch(text[len(first) :]) else None
        by_end = (name for end, name in self._by_end if text.endswith(end))
        return self.exact.get(text) or by_start or next(by_end, "")
