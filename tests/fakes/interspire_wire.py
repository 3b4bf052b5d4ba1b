"""The Interspire adapter made ready for tests, and answers that respx gives it."""

import re

import httpx
from pydantic import SecretStr
from respx import MockRouter

from bouncehandler.suppression import Outcome, Suppression
from providers.interspire import Interspire

URL = "https://iem.example/xml.php"
TOKEN = "t0ken&'s secret"
LOOK_UP = "GetAllListsForEmailAddress"
UNSUBSCRIBE = "UnsubscribeSubscriber"


def success(data: str) -> httpx.Response:
    """SUCCESS with this data."""
    return httpx.Response(200, text=f"<?xml version='1.0'?><response><status>SUCCESS</status>{data}</response>")


def failed(message: str) -> httpx.Response:
    """FAILED with this message, given as XML."""
    text = f"<response><status>FAILED</status><errormessage>{message}</errormessage></response>"
    return httpx.Response(200, text=text)


ANSWERS = {
    "GetLists": success("<data><item><listid>1</listid></item><item><listid>2</listid></item></data>"),
    LOOK_UP: success("<data><item><listid>1</listid></item></data>"),
    UNSUBSCRIBE: success("<data>1</data>"),
    "xmlapitest": success("<data/>"),
}


def adapter(client: httpx.Client) -> Interspire:
    """The adapter at `URL`."""
    return Interspire(Interspire.Settings(url=URL, username="o'b", token=SecretStr(TOKEN)), client)


def unsubscribe(interspire: Interspire) -> Outcome:
    """Unsubscribe the address that is on list 1."""
    return interspire.unsubscribe(Suppression(id="0" * 24, recipient="ann@example.com", reason="bounce"))


def methods(router: MockRouter) -> list[str]:
    """The request methods asked for."""
    return re.findall("<requestmethod>(.*?)<", "".join(call.request.content.decode() for call in router.calls))
