"""Examples for the contract tests of webhooks: an adapter for the receiver."""

import httpx

from providers.webhook import Webhook
from tests.fakes.webhook import SECRET, FakeReceiver


def adapter(receiver: FakeReceiver, client: httpx.Client, *, secret: str = SECRET, batch_size: int = 1) -> Webhook:
    """A webhook for the receiver."""
    settings = Webhook.Settings.model_validate({"url": receiver.hook, "secret": secret, "batch_size": batch_size})
    return Webhook(settings, client)
