"""The MailWizz adapter made ready for tests: for the fake server, or for answers that respx gives as a test states."""

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from respx import MockRouter

from bouncehandler.suppression import Suppression
from providers.mailwizz import MailWizz
from tests.fakes.mailwizz import API_KEY, PRIVATE_KEY, PUBLIC_KEY, FakeMailWizz

URL = "https://mw.example.test/api"
SEARCH = f"{URL}/lists/subscribers/search-by-email-in-all-lists"
EVERYWHERE = f"{URL}/lists/subscribers/unsubscribe-by-email-from-all-lists"
KEYS = {"public_key": PUBLIC_KEY, "private_key": PRIVATE_KEY}
LIST, SUB, CAMPAIGN = "ab123cd456ef7", "gh890ij123kl4", "cp123cp456cp7"
EMAIL = "jane@example.com"
BOUNCE = Suppression("1" * 24, EMAIL, "bounce", status="5.1.1", diagnostic="smtp;550 no", job_id=f"mailwizz-{CAMPAIGN}")
COMPLAINT = Suppression(
    "2" * 24,
    EMAIL,
    "complaint",
    category="abuse",
    list_manager="mailwizz",
    list_id=LIST,
    subscriber_id=SUB,
    campaign_id=CAMPAIGN,
)
"""With the ids of MailWizz beside the address."""
NOW = 1700000000.9
DONE = {"status": "success"}

Connect = Callable[..., MailWizz]


def adapter(client: httpx.Client, **settings: str) -> MailWizz:
    """The adapter at `URL`, with an API key unless the test gives keys."""
    if not {"api_key", "public_key"} & settings.keys():
        settings["api_key"] = "the-api-key"
    return MailWizz(MailWizz.Settings.model_validate({"url": URL, **settings}), client, clock=lambda: NOW)


def answer_in_turn(router: MockRouter, *answers: httpx.Response) -> None:
    """Answer whatever is called, with one answer after the other."""
    router.route().mock(side_effect=answers)


def targets(router: MockRouter) -> list[str]:
    """Method and target of every request."""
    return [f"{call.request.method} {call.request.url.raw_path.decode()}" for call in router.calls]


def record(
    status: str = "confirmed", *, list_uid: object = LIST, uid: object = SUB, email: str = EMAIL
) -> dict[str, Any]:
    """A row of a look-up."""
    return {"subscriber_uid": uid, "email": email, "status": status, "list": {"list_uid": list_uid, "name": "News"}}


def found(*records: object) -> httpx.Response:
    """Answer to a look-up."""
    return httpx.Response(200, json={"status": "success", "data": {"records": records, "count": len(records)}})


def subscriber(email: object = EMAIL, /, *, status: object = "confirmed", **others: object) -> httpx.Response:
    """Answer to a look-up by ids."""
    answer = {"status": "success", "data": {"record": {"EMAIL": email, "status": status, **others}}}
    return httpx.Response(200, content=json.dumps(answer).encode())


def done() -> httpx.Response:
    """Success, without anything else."""
    return httpx.Response(200, json=DONE)


def failed(status: int, error: object = "no") -> httpx.Response:
    """An error in MailWizz's own words."""
    return httpx.Response(status, json={"status": "error", "error": error})


@contextmanager
def connecting(server: FakeMailWizz) -> Iterator[Connect]:
    """A builder of adapters for the server, with a plain client; keyword arguments are settings, or `clock`."""
    # Loading the machine's certificates, of which loopback needs none, would be most of each test's time.
    with httpx.Client(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as client:

        def build(clock: Callable[[], float] | None = None, **settings: str) -> MailWizz:
            keys = {} if "public_key" in settings else {"api_key": API_KEY}
            made = MailWizz.Settings.model_validate({"url": server.api_url, **keys, **settings})
            return MailWizz(made, client, clock) if clock else MailWizz(made, client)

        yield build
