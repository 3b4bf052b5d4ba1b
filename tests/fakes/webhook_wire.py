"""The webhook adapter made ready for tests, and two suppressions to deliver."""

from collections.abc import Callable
from datetime import UTC, datetime

import httpx

from bouncehandler.suppression import Suppression
from providers.webhook import Webhook
from tests.fakes.webhook import SECRET

URL = "https://crm.example.test/hooks/email"
AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
WHOLE = Suppression(
    id="5d41402abc4b2a76b9719d91",
    recipient="john@example.test",
    reason="bounce",
    rule="policy.bounce.bad-mailbox",
    record_type="b",
    category="bad-mailbox",
    status="5.1.1",
    diagnostic="smtp;550 5.1.1 no such user",
    originator="news@example.test",
    job_id="spring-sale",
    occurred_at=AT,
)
BARE = Suppression(id="b" * 24, recipient="jane@example.test", reason="list")


def adapter(
    client: httpx.Client,
    clock: Callable[[], float] = lambda: 1772357400.5,
    *,
    secret: str | list[str] = SECRET,
    batch_size: int = 1,
) -> Webhook:
    """A webhook that delivers to the receiver."""
    settings = Webhook.Settings.model_validate({"url": URL, "secret": secret, "batch_size": batch_size})
    return Webhook(settings, client, clock)
