"""A MailWizz that behaves as `providers.md` states the real one does, with its traps."""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote_plus

from tests.fakes.server import Answer, FakeServer, Request

PUBLIC_KEY = "0123456789abcdef0123456789abcdef01234567"
PRIVATE_KEY = "fedcba9876543210fedcba9876543210fedcba98"
API_KEY = "mw-test-0123456789abcdef"

ENGLISH = {
    "key": "Invalid API key.",
    "signature": "Invalid API request signature.",
    "params": "Invalid API request params.",
    "expired": "Your request expired, please check your clock.",
    "address": "Your IP address is not allowed to access this server.",
    "account": "Your account is inactive.",
}


@dataclass
class Subscriber:
    """An address on one list."""

    uid: str
    email: str
    list_uid: str
    status: str


class FakeMailWizz(FakeServer):
    """Answers at `api_url`; 2.x wants `X-Api-Key`, 1.x a signature over `own_url`."""

    def __init__(  # noqa: PLR0913  # each is a setting of an installation
        self,
        *,
        version: Literal["1.x", "2.x"] = "2.x",
        api_key: str = API_KEY,
        public_key: str = PUBLIC_KEY,
        private_key: str = PRIVATE_KEY,
        mount: str = "/api",
        own_url: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.version = version
        self.api_key = api_key
        self.public_key = public_key
        self.private_key = private_key
        self.mount = mount
        self.subscribers: list[Subscriber] = []
        self.campaigns: dict[str, str] = {}
        """Campaign uid to list uid."""
        self.bounces: list[dict[str, str]] = []
        """Recorded bounces: campaign_uid, subscriber_uid, bounce_type, message."""
        self.unsubscriptions: list[dict[str, str]] = []
        """Unsubscriptions counted for campaigns: campaign_uid, subscriber_uid, ip_address, user_agent, reason."""
        self.counts_only = False
        """A subscriber who is counted for a campaign keeps their status, as when MailWizz fails half-way."""
        self.email_key = "EMAIL"
        """Name of the address in a subscriber's record."""
        self.empty_lists: list[str] = []
        """Lists that exist without a subscriber."""
        self.archived: set[str] = set()
        """Lists that a look-up leaves out."""
        self.with_required_fields: set[str] = set()
        """Lists that refuse an update of a subscriber, since it lacks a field."""
        self.everywhere_reach: int | None = None
        """Rows that one call for the whole address changes; None: all."""
        self.is_offline = False
        self.texts = dict(ENGLISH)
        """Error text for bad credentials; some installations translate it."""
        self.refuses_with = ""
        """Key of `texts`: every caller is refused with this text; empty: only wrong keys are."""
        self.error_is_an_object = False
        self.clock = clock
        super().__init__()
        self.own_url = own_url or self.api_url
        """The URL that this installation believes to have: what it signs."""

    @property
    def api_url(self) -> str:
        """URL to configure as `url`."""
        return f"{self.url}{self.mount}"

    def subscribe(self, email: str, list_uid: str, status: str = "confirmed") -> str:
        """Put an address on a list; returns the subscriber's uid there."""
        with self.lock:
            uid = f"su{len(self.subscribers):011}"
            self.subscribers.append(Subscriber(uid, email, list_uid, status))
        return uid

    def change(self, email: str, list_uid: str, status: str) -> None:
        """Set, as another user would, the status of an address on a list; empty: they delete it there."""
        with self.lock:
            for row in [row for row in self._rows(email) if row.list_uid == list_uid]:
                row.status = status
                if not status:
                    self.subscribers.remove(row)

    def campaign(self, uid: str, list_uid: str) -> None:
        """Make a campaign of a list."""
        self.campaigns[uid] = list_uid

    def status_of(self, email: str) -> dict[str, str]:
        """List uid to status; empty for an unknown address."""
        with self.lock:
            return {row.list_uid: row.status for row in self._rows(email)}

    def respond(self, request: Request) -> Answer:
        """See `FakeServer`."""
        prefix = re.match(rf"{re.escape(self.mount)}(?:/index\.php)?(?=/)", request.path)
        if not prefix:
            return Answer(404, b"<html><h1>Not Found</h1></html>")
        if self.is_offline:
            return self._error(503, "The application is offline.")
        method = request.headers.get("x-http-method-override", request.method)
        rest = request.path[prefix.end() :]
        refusal = self.refuses_with or self._refusal(request, method, rest)
        if refusal:
            return self._error(400, self.texts[refusal])
        return self._route(method, rest, request)

    def _refusal(self, request: Request, method: str, rest: str) -> str:
        """Error in the credentials; empty without one."""
        if self.version == "2.x":
            return "" if request.headers.get("x-api-key") == self.api_key else "key"
        sent = {
            f"X-MW-{n}": request.headers.get(f"x-mw-{n.lower()}") for n in ("PUBLIC-KEY", "TIMESTAMP", "REMOTE-ADDR")
        }
        stamp = sent["X-MW-TIMESTAMP"] or ""
        if None in sent.values() or not stamp.isdigit():
            return "params"
        if sent["X-MW-PUBLIC-KEY"] != self.public_key:
            return "key"
        if int(stamp) < self.clock() - 900:
            return "expired"
        url = self.own_url + rest + (f"?{_php(request.query)}&" if request.query else "?")
        text = f"{method} {url}{_php({**{k: v or '' for k, v in sent.items()}, **self._form(request)})}"
        wanted = hmac.new(self.private_key.encode(), text.encode(), hashlib.sha1).hexdigest()
        return "" if request.headers.get("x-mw-signature") == wanted else "signature"

    def _route(self, method: str, rest: str, request: Request) -> Answer:
        form, uid = self._form(request), r"([^/]+)"
        routes: list[tuple[str, str, Callable[..., Answer]]] = [
            ("GET", "/lists", lambda: self._lists(request.query)),
            ("GET", "/lists/subscribers/search-by-email-in-all-lists", lambda: self._search(request.query)),
            ("PUT", "/lists/subscribers/unsubscribe-by-email-from-all-lists", lambda: self._everywhere(form)),
            ("PUT", f"/lists/{uid}/subscribers/{uid}/unsubscribe", self._unsubscribe_one),
            ("GET", f"/lists/{uid}/subscribers/{uid}", self._subscriber),
            ("PUT", f"/lists/{uid}/subscribers/{uid}", lambda list_uid, sub: self._set_status(list_uid, sub, form)),
            (
                "POST",
                f"/campaigns/{uid}/track-unsubscribe/{uid}",
                lambda campaign, sub: self._track(campaign, sub, form),
            ),
            ("POST", f"/campaigns/{uid}/bounces", lambda campaign: self._bounce(campaign, form)),
        ]
        for verb, pattern, answer in routes:
            match = re.fullmatch(pattern, rest)
            if match and verb == method:
                return answer(*match.groups())
        return self._error(404, "The requested resource does not exist.")

    def _lists(self, query: dict[str, str]) -> Answer:
        uids = list(dict.fromkeys([*(s.list_uid for s in self.subscribers), *self.empty_lists]))
        size = min(50, max(10, int(query.get("per_page", "10"))))
        page = int(query.get("page", "1"))
        shown = uids[(page - 1) * size : page * size]
        pages = -(-len(uids) // size)
        counters = {
            "count": len(uids),
            "total_pages": pages,
            "current_page": page,
            "next_page": page + 1 if page < pages else None,
            "prev_page": page - 1 or None,
        }
        records = [{"general": {"list_uid": uid, "name": uid}} for uid in shown]
        return _success(data={**(counters if shown else dict.fromkeys(counters)), "records": records})

    def _search(self, query: dict[str, str]) -> Answer:
        if not query.get("EMAIL"):
            return self._error(422, "Please provide the subscriber email address.")
        rows = [row for row in self._rows(query["EMAIL"]) if row.list_uid not in self.archived][:100]
        records = [
            {
                "subscriber_uid": row.uid,
                "email": row.email,
                "status": row.status,
                "list": {"list_uid": row.list_uid, "name": row.list_uid},
            }
            for row in rows
        ]
        return _success(data={"records": records, "count": len(rows) or None})

    def _everywhere(self, form: dict[str, str]) -> Answer:
        if not form.get("EMAIL"):
            return self._error(422, "Please provide the subscriber email address.")
        rows = [row for row in self._rows(form["EMAIL"]) if row.status != "unsubscribed"]
        for row in rows[: self.everywhere_reach]:
            row.status = "unsubscribed"
        return _success()

    def _unsubscribe_one(self, list_uid: str, uid: str) -> Answer:
        row = self._row(list_uid, uid)
        if not row:
            return self._error(404, "The subscriber does not exist in this list.")
        if row.status == "confirmed":
            row.status = "unsubscribed"
        return _success()

    def _subscriber(self, list_uid: str, uid: str) -> Answer:
        row = self._row(list_uid, uid)
        if not row:
            return self._error(404, "The subscriber does not exist in this list.")
        return _success(data={"record": {self.email_key: row.email, "status": row.status, "subscriber_uid": row.uid}})

    def _set_status(self, list_uid: str, uid: str, form: dict[str, str]) -> Answer:
        row = self._row(list_uid, uid)
        if not row or row.status == "blacklisted":
            return self._error(409, "The subscriber does not exist in this list or is blacklisted.")
        if list_uid in self.with_required_fields:
            return self._error(422, {"FNAME": "First name cannot be blank."})
        if form.get("details[status]") in {"unsubscribed", "confirmed", "blacklisted"}:
            row.status = form["details[status]"]
        return _success(data={"record": {"status": row.status}})

    def _track(self, campaign: str, uid: str, form: dict[str, str]) -> Answer:
        """Count once more and unsubscribe the row, in any status."""
        row = self._row(self.campaigns.get(campaign, ""), uid)
        if not row:
            return self._error(404, "The campaign or the subscriber does not exist.")
        self.unsubscriptions.append({**form, "campaign_uid": campaign, "subscriber_uid": uid})
        if not self.counts_only:
            row.status = "unsubscribed"
        return _success()

    def _bounce(self, campaign: str, form: dict[str, str]) -> Answer:
        row = self._row(self.campaigns.get(campaign, ""), form.get("subscriber_uid", ""))
        if not row:
            return self._error(404, "The campaign or the subscriber does not exist.")
        if form.get("bounce_type") not in {"hard", "soft", "internal"}:
            return self._error(422, {"bounce_type": "Bounce Type is not in the list."})
        if any((b["campaign_uid"], b["subscriber_uid"]) == (campaign, row.uid) for b in self.bounces):
            return self._error(422, "This subscriber has already been marked as bounced!")
        self.bounces.append({**form, "campaign_uid": campaign})
        if form["bounce_type"] == "hard":
            for same in self._rows(row.email):
                same.status = "blacklisted"
        return _success(201, data={"record": form})

    def _rows(self, email: str) -> list[Subscriber]:
        return [row for row in self.subscribers if row.email.lower() == email.lower()]

    def _row(self, list_uid: str, uid: str) -> Subscriber | None:
        return next((row for row in self.subscribers if (row.list_uid, row.uid) == (list_uid, uid)), None)

    def _form(self, request: Request) -> dict[str, str]:
        """JSON bodies are not parsed: as if they were not there."""
        is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        return request.form if is_form else {}

    def _error(self, status: int, text: object) -> Answer:
        error = {"general": text} if self.error_is_an_object and isinstance(text, str) else text
        return _json(status, {"status": "error", "error": error})


def _success(status: int = 200, **fields: object) -> Answer:
    return _json(status, {"status": "success", **fields})


def _json(status: int, value: object) -> Answer:
    return Answer(status, json.dumps(value).encode(), content_type="application/json")


def _php(fields: dict[str, str]) -> str:
    """`http_build_query` after `ksort`: written here anew, so that it can disagree with the adapter."""
    pairs = (f"{quote_plus(name, safe='')}={quote_plus(value, safe='')}" for name, value in sorted(fields.items()))
    return "&".join(pairs).replace("~", "%7E")
