"""An Interspire Email Marketer that behaves as installations do, traps included: HTTP 200 for everything."""

from collections import Counter
from html import escape
from itertools import repeat
from typing import Literal, NamedTuple
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from tests.fakes.server import Answer, FakeServer, Request

ERROR_PAGE = b"<!DOCTYPE html><html><head><title>Error</title></head><body><p>Please try again later.</body></html>"


class ParsedRequest(NamedTuple):
    """A request, parsed."""

    kind: str
    method: str
    details: dict[str, list[str]]
    """Values by name, in the order in which they came."""

    def detail(self, name: str) -> str:
        """The first value of a name; empty where it is absent."""
        return next(iter(self.details.get(name, [])), "")


class FakeInterspire(FakeServer):
    """Lists, subscribers, bans and counters, with a field for each difference between installations."""

    def __init__(self) -> None:
        super().__init__()
        self._http.socket.listen(128)  # http.server's 5 lose connections when many threads come at once
        self.username = "admin"
        self.token = "t0ken&secret"
        self.lists: dict[str, str] = {"1": "News", "2": 'Offers & "More" <b>', "3": "Events"}
        """Names by list id; they come and go."""
        self.banned: dict[str, set[str]] = {}
        """Addresses by list id, or by `g` for everywhere."""
        self.unsubscribe_counts: Counter[str] = Counter()
        """Moved by every UnsubscribeSubscriber of a list, also of a subscriber who is already unsubscribed."""
        self.bounce_counts: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        """Requests understood, by request method."""
        self.wrapping: Literal["items", "flat", "deep", "values"] = "items"
        """Wrapping of nested data in this version."""
        self.not_found: Literal["failed", "success"] = "failed"
        """Answer for nothing found: FAILED with an empty message, or SUCCESS with empty data."""
        self.failure_status = "FAILED"
        """`ERROR` in the documentation; FAILED with an empty message stays FAILED."""
        self.not_subscribed = "The email address '{email}' is not subscribed to this list"
        """Translated on some installations."""
        self.bad_credentials = "Unable to check user details."
        self.refuses_stale_lists = False
        """Whether one list id that is no longer there makes a look-up answer `not found`."""
        self.ignores_subscriber_ids = False
        """Whether this version goes by the address alone, so that an id without one finds no subscriber."""
        self.junk = b""
        """Sent before `<?xml`."""
        self.content_type = "text/html; charset=UTF-8"
        self._subscribers: dict[str, dict[str, str]] = {}
        self._ids: dict[tuple[str, str], str] = {}

    @property
    def endpoint(self) -> str:
        """The URL that an adapter is configured with."""
        return f"{self.url}/xml.php"

    def subscribe(self, email: str, listid: str, *more: str) -> None:
        """Make an address active on lists."""
        for each in (listid, *more):
            self._subscribers.setdefault(email.lower(), {})[each] = "active"
            self._ids.setdefault((email.lower(), each), str(len(self._ids) + 501))

    def put(self, email: str, listid: str, status: str) -> None:
        """Put an address on a list as `active`, `unsubscribed` or `bounced`."""
        self.subscribe(email, listid)
        self._subscribers[email.lower()][listid] = status

    def subscriber_id(self, email: str, listid: str) -> str:
        """The id of an address on a list, a number that no other address and no other list has."""
        return self._ids[email.lower(), listid]

    def forget(self, email: str, listid: str) -> None:
        """Delete an address from a list, as if it had never been there."""
        self._subscribers.get(email.lower(), {}).pop(listid, None)

    def status_of(self, email: str) -> dict[str, str]:
        """`active`, `unsubscribed` or `bounced` by list id; empty for an unknown address."""
        return dict(self._subscribers.get(email.lower(), {}))

    def failed(self, message: str = "") -> Answer:
        """The answer FAILED with a message; also for `failures` and `fail_when`."""
        status = self.failure_status if message else "FAILED"
        return self.answer(f"<status>{status}</status><errormessage>{escape(message)}</errormessage>")

    def answer(self, inner: str) -> Answer:
        """An answer around any XML."""
        text = f'<?xml version="1.0" encoding="UTF-8" ?>\n<response>{inner}</response>\n'
        return Answer(200, self.junk + text.encode(), content_type=self.content_type)

    def on(self, method: str, answer: Answer, *, listid: str = "", times: int | None = None) -> None:
        """Answer a method from now on (for one list, if given) with something else, so many times; None: always."""
        left = iter(range(times)) if times is not None else repeat(0)

        def fail(request: Request) -> Answer | None:
            parsed = self.parse(request)
            is_meant = parsed and parsed.method == method and listid in {"", parsed.detail("listid")}
            return answer if is_meant and next(left, None) is not None else None

        self.fail_when = fail

    def work_again(self) -> None:
        """End what `on` and `always` began."""
        self.fail_when, self.always = lambda _: None, None

    def parsed_requests(self) -> list[ParsedRequest]:
        """Requests in order, parsed, without unreadable ones."""
        return [parsed for request in self.calls() if (parsed := self.parse(request))]

    def parse(self, request: Request) -> ParsedRequest | None:
        """Parse a request; None for XML that Interspire can't read."""
        try:
            root: Element = fromstring(request.body, forbid_dtd=True)
        except (ParseError, DefusedXmlException, ValueError):
            return None
        parts = {child.tag: child for child in root}
        kind, method, details = (parts.get(name) for name in ("requesttype", "requestmethod", "details"))
        if root.tag != "xmlrequest" or kind is None or method is None or details is None:
            return None
        if not (len(details) or details.text) or len(parts) != len(root):
            return None
        values: dict[str, list[str]] = {}
        for child in details:
            values.setdefault(child.tag, []).append(child.text or "")
        return ParsedRequest(kind.text or "", method.text or "", values)

    def respond(self, request: Request) -> Answer:
        """Answer as the real one does: its error page to anything else than a request."""
        parsed = self.parse(request)
        if request.method != "POST" or request.path != "/xml.php" or parsed is None:
            return Answer(200, ERROR_PAGE)
        if not self._knows(request):
            return self.failed(self.bad_credentials)
        self.asked[parsed.method] += 1
        if parsed.kind == "subscribers":
            return self._subscriber_call(parsed)
        if (parsed.kind, parsed.method) == ("lists", "GetLists"):
            return self._listing(list(self.lists))
        if (parsed.kind, parsed.method) == ("authentication", "xmlapitest"):
            return self.answer(f"<status>SUCCESS</status><data><username>{escape(self.username)}</username></data>")
        return self._invalid(parsed)

    def _subscriber_call(self, parsed: ParsedRequest) -> Answer:
        match parsed.method:
            case "GetAllListsForEmailAddress":
                return self._listing(self._active(parsed), parsed.detail("email"))
            case "AddBannedSubscriber":
                return self._ban(parsed.detail("emailaddress").lower(), parsed.detail("listid"))
            case "UnsubscribeSubscriber" | "BounceSubscriber" | "ActivateSubscriber":
                return self._change(parsed)
        return self._invalid(parsed)

    def _invalid(self, parsed: ParsedRequest) -> Answer:
        return self.failed(f"The request {parsed.kind} / {parsed.method} is not valid")

    def _knows(self, request: Request) -> bool:
        root = fromstring(request.body)
        return (root.findtext("username"), root.findtext("usertoken")) == (self.username, self.token)

    def _active(self, parsed: ParsedRequest) -> list[str]:
        wanted = parsed.details.get("listids", [])
        if self.refuses_stale_lists and not set(wanted) <= set(self.lists):
            return []
        status = self.status_of(parsed.detail("email"))
        return [listid for listid in self.lists if listid in wanted and status.get(listid) == "active"]

    def _change(self, parsed: ParsedRequest) -> Answer:
        email, listid = parsed.detail("emailaddress") or self._whose(parsed), parsed.detail("listid")
        if listid not in self.status_of(email) or listid not in self.lists:
            return self.failed(self.not_subscribed.format(email=email))
        status, counts = {
            "UnsubscribeSubscriber": ("unsubscribed", self.unsubscribe_counts),
            "BounceSubscriber": ("bounced", self.bounce_counts),
            "ActivateSubscriber": ("active", Counter[str]()),
        }[parsed.method]
        counts[listid] += 1
        self._subscribers[email.lower()][listid] = status
        return self.answer("<status>SUCCESS</status><data>1</data>")

    def _whose(self, parsed: ParsedRequest) -> str:
        """The address with this id on this list; empty for a pair that there is not."""
        wanted = (parsed.detail("listid"), parsed.detail("subscriberid"))
        if self.ignores_subscriber_ids or parsed.method != "UnsubscribeSubscriber":
            return ""
        return next((email for (email, listid), number in self._ids.items() if (listid, number) == wanted), "")

    def _ban(self, email: str, listid: str) -> Answer:
        if not email or (listid != "g" and listid not in self.lists):
            return self.failed("The list is not valid")
        if email in self.banned.setdefault(listid, set()):
            return self.failed("Already in the suppression list")
        self.banned[listid].add(email)
        return self.answer("<status>SUCCESS</status><data>1</data>")

    def _listing(self, listids: list[str], email: str = "") -> Answer:
        if not listids:
            return self.failed() if self.not_found == "failed" else self.answer("<status>SUCCESS</status><data></data>")
        return self.answer(f"<status>SUCCESS</status><data>{self._wrap(listids, email.lower())}</data>")

    def _wrap(self, listids: list[str], email: str) -> str:
        match self.wrapping:
            case "flat":
                return "".join(f"<listid>{listid}</listid>" for listid in listids)
            case "values":
                return f"<listid>{''.join(f'<item>{listid}</item>' for listid in listids)}</listid>"
        items = "".join(
            f"<item><subscriberid>{self._ids.get((email, listid), '')}</subscriberid><listid>{listid}</listid>"
            f"<name>{escape(self.lists.get(listid, ''))}</name></item>"
            for listid in listids
        )
        return f"<lists><item><list>{items}</list></item></lists>" if self.wrapping == "deep" else items
