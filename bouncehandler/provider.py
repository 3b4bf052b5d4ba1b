"""Port to a list manager; what comes in and goes out is in `bouncehandler.suppression`.

An adapter is a class with one method, `unsubscribe`, and a settings model. It is registered under the entry-point group
`bouncehandler.providers`; the entry's name is the `type` in the configuration. The program builds it once per
configured provider, as `Adapter(settings, client)`, and calls it from many threads at once. It inherits nothing,
catches nothing, logs nothing and sleeps nowhere: failures are raised, with their scope.

The client is ready: it keeps connections for each thread, never follows a redirect, keeps no cookie, tries a refused
connection twice, and bounds the time and the size of every answer.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, ClassVar, Protocol, runtime_checkable

import httpx
from pydantic import AfterValidator, BaseModel, ConfigDict

from bouncehandler.suppression import Outcome, Suppression


class ProviderSettings(BaseModel):
    """Base of an adapter's own settings model. Every `SecretStr` field `x` can also be given as `x_file`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Provider(Protocol):
    """List manager that can unsubscribe. Everything else is an ability of its own, below."""

    def unsubscribe(self, suppression: Suppression) -> Outcome:
        """Unsubscribe the recipient everywhere at this provider; safe to call twice.

        Raises:
            TemporaryFailure: this call failed; a later one may succeed.
            PermanentFailure: this suppression can never be carried out here.
            ProviderUnavailable: no call can succeed until the sysadmin mends something.
        Anything else that is raised (`httpx.TransportError`, a bug) counts as temporary.
        """


class ProviderClass(Protocol):
    """Object that an entry point of the group `bouncehandler.providers` names: usually the adapter's class."""

    Settings: ClassVar[type[ProviderSettings]]

    def __call__(self, settings: ProviderSettings, client: httpx.Client) -> Provider:
        """Build the adapter for one configured provider."""


@runtime_checkable
class Batched(Protocol):
    """Adapter that carries out many suppressions with one call."""

    batch_size: int
    """Suppressions at most; 1 means that `unsubscribe` is called instead."""

    def unsubscribe_batch(self, suppressions: Sequence[Suppression]) -> Sequence[Outcome]:
        """Return one outcome for each, in their order; a failure concerns them all. Raises as `unsubscribe`."""


@runtime_checkable
class Checkable(Protocol):
    """Adapter whose credentials can be checked cheaply, without changing anything."""

    def check(self) -> str:
        """Check, and return one sentence with the result. Raises as `unsubscribe`."""


@runtime_checkable
class Reversible(Protocol):
    """Adapter that can undo its own calls."""

    def restore(self, suppression: Suppression, outcome: Outcome) -> Outcome:
        """Undo the changes of the call that returned `outcome`: only `outcome.lists`; safe to call twice.

        Of `outcome` the spool keeps kind and lists. Later changes by others are left as they are.

        Returns:
            `restored` with the lists restored now, and in `note` the lists that could not be, and why; `already` where
            nothing was left to do; `unknown` where the recipient is there no more.

        Raises:
            PermanentFailure: nothing of it can ever be restored from here; the dead letter has the text.
        Anything else as `unsubscribe`.
        """


@runtime_checkable
class PerCampaign(Protocol):
    """Adapter that records a bounce at its campaign, so that a bounce of another campaign is worth another call."""

    per_campaign: bool


@runtime_checkable
class BySubscriber(Protocol):
    """Adapter that can act on a subscriber's ids alone, where a reporter hid the address.

    It receives a suppression with an empty `recipient` when `list_manager` is its own type. Where its list manager
    resolves the ids to an address, the outcome names it as `recipient`.
    """

    takes_subscriber_ids: bool


class ProviderError(Exception):
    """Failure that an adapter understands; its text is for the sysadmin, and holds no secret.

    Args:
        changed: the lists, as in `Outcome.lists`, that this call of `unsubscribe` had changed before it failed. The
            next attempt finds them unsubscribed, so that its outcome can't name them: undo restores the lists named
            here. It is ignored for `unsubscribe_batch` and `restore`.
    """

    changed: tuple[str, ...] = ()
    """Empty where the call is not known to have changed anything."""

    def __init__(self, *args: object, changed: tuple[str, ...] = ()) -> None:
        super().__init__(*args)
        self.changed = changed


class TemporaryFailure(ProviderError):
    """Failure of this call; a later one may succeed."""

    def __init__(self, message: str = "", *, retry_after: float | None = None, changed: tuple[str, ...] = ()) -> None:
        super().__init__(message, changed=changed)
        self.retry_after = retry_after
        """Seconds that the provider asked to wait; None: the retry schedule decides."""


class PermanentFailure(ProviderError):
    """Failure of this dispatch for good."""


class ProviderUnavailable(ProviderError):
    """Failure of the provider as a whole: credentials, maintenance, an endpoint that is gone."""


@contextmanager
def report_changes(changed: Callable[[], Iterable[str]], *, is_restoring: bool = False) -> Iterator[None]:
    """Add the lists that were changed so far to a failure in the block, which is raised again; its scope stays.

    The next attempt finds them changed, so that its outcome can't name them: undo knows them from `failure.changed`,
    and people from the text. A broken connection becomes a `TemporaryFailure`, which can name them.

    Args:
        changed: called after a failure; returns the lists, as in `Outcome.lists`.
        is_restoring: whether the lists were restored, so that undo has nothing to do with them.
    """
    try:
        yield
    except (ProviderError, httpx.TransportError) as error:
        lists = tuple(dict.fromkeys(changed()))
        if not lists:
            raise
        failure = error if isinstance(error, ProviderError) else TemporaryFailure(f"{type(error).__name__}: {error}")
        failure.args = (f"{failure}; done in this attempt on {format_lists(lists)}",)
        failure.changed = () if is_restoring else lists
        if failure is error:
            raise
        raise failure from error


def format_lists(lists: Iterable[str]) -> str:
    """Format list ids as `list a`, or `lists a, b`, each once."""
    ids = list(dict.fromkeys(lists))
    return f"{'list' if len(ids) == 1 else 'lists'} {', '.join(ids)}"


def retry_after(response: httpx.Response) -> float | None:
    """Read `Retry-After`, given as seconds or as an HTTP date (RFC 9110 10.2.3), in seconds; None without one."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        at = parsedate_to_datetime(value)
        now = parsedate_to_datetime(response.headers["Date"]) if "Date" in response.headers else datetime.now(UTC)
        return max(0.0, (at - now).total_seconds())
    except (ValueError, TypeError):  # no date, or one without a zone
        return None


def require_success(response: httpx.Response) -> httpx.Response:
    """Return the response when its status is 2xx; else raise the failure that the status means at a configured URL.

    An adapter handles the statuses that its provider gives a meaning of its own before it calls this.

    Raises:
        ProviderUnavailable: a redirect (never followed), 401, 403, 404, 405, 410: the URL or the credentials are wrong.
        TemporaryFailure: any other status, with `Retry-After` where the provider sent one.
    """
    if response.is_success:
        return response
    description = describe(response)
    if response.is_redirect:
        raise ProviderUnavailable(f"{description}: redirects are never followed, correct the URL in the configuration")
    if response.status_code in {401, 403, 404, 405, 410}:
        raise ProviderUnavailable(description)
    raise TemporaryFailure(description, retry_after=retry_after(response))


def describe(response: httpx.Response) -> str:
    """Describe a response by status and beginning on one line, at most 300 characters, for an error's text."""
    text = " ".join(response.text[:250].split())
    return f"HTTP {response.status_code}: {text}" if text else f"HTTP {response.status_code}"


def _http_url(value: str) -> str:
    """Validate a URL and leave it as written: signatures are computed over it."""
    try:
        url = httpx.URL(value)
    except httpx.InvalidURL:  # its text may repeat a password
        raise ValueError("is not a URL of the form https://host/path") from None
    if url.scheme not in {"http", "https"} or not url.host:
        raise ValueError("is not a URL of the form https://host/path")
    if url.userinfo:
        raise ValueError("must not hold a user name or password; use the settings meant for them")
    return value


HttpUrl = Annotated[str, AfterValidator(_http_url)]
"""Absolute http or https URL, kept exactly as written."""
