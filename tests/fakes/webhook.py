"""A receiver of Standard Webhooks that verifies with the public library, and works on each delivery once."""

import json
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.fakes.server import Answer, FakeServer, Request

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class FakeReceiver(FakeServer):
    """Takes POSTs at `hook`; a delivery that isn't signed with one of `secrets` is answered 401 and not looked at."""

    def __init__(self, *secrets: str) -> None:
        super().__init__()
        self.secrets = list(secrets) or [SECRET]
        """Accepted secrets; several while a secret is being changed."""
        self.ids: list[str] = []
        """The webhook-id of every verified delivery, repeated ones included, in the order in which they came."""
        self.events: list[dict[str, Any]] = []
        """Every event worked on: single ones and the members of arrays, each once, by webhook-id and by its own id."""
        self.refused: list[str] = []
        """Why deliveries were answered 401."""
        self.answer = Answer(status=202, body=b"thank you", content_type="text/plain")
        """Called after a delivery that was taken."""
        self.lost_answers = 0
        """So many deliveries are taken, but the connection breaks before the answer, as when a proxy dies."""
        self._seen: set[str] = set()

    @property
    def hook(self) -> str:
        """The URL to deliver to; every other path is 404."""
        return f"{self.url}/hooks/email"

    @property
    def recipients(self) -> list[str]:
        """The recipients of the events."""
        return [event["data"]["recipient"] for event in self.events]

    @property
    def suppressed(self) -> dict[str, list[str]]:
        """Ids of the suppressions that stand, by recipient, as the documentation has a receiver keep them."""
        standing: dict[str, list[str]] = {recipient: [] for recipient in self.recipients}
        for event in self.events:
            data = event["data"]
            if event["type"] == "recipient.suppressed":
                standing[data["recipient"]].append(data["id"])
            elif event["type"] == "recipient.restored" and data["restores"] in standing[data["recipient"]]:
                standing[data["recipient"]].remove(data["restores"])
        return standing

    def respond(self, request: Request) -> Answer:
        """Verify, remember, answer."""
        if request.path != "/hooks/email":
            return Answer(status=404)
        if request.method != "POST":
            return Answer(status=405)
        content = self._verified(request)
        if content is None:
            return Answer(status=401, body=self.refused[-1].encode())
        self._take(request.headers["webhook-id"], content)
        if self.lost_answers:
            self.lost_answers -= 1
            return Answer(reset=True)
        return self.answer

    def _verified(self, request: Request) -> Any:  # noqa: ANN401  # JSON
        reason = "no secret"
        for secret in self.secrets:
            try:
                Webhook(secret).verify(request.body, request.headers)
            except WebhookVerificationError as error:
                reason = str(error)
            else:
                return json.loads(request.body)
        self.refused.append(reason)
        return None

    def _take(self, webhook_id: str, content: Any) -> None:  # noqa: ANN401  # JSON
        self.ids.append(webhook_id)
        if webhook_id in self._seen:
            return
        self._seen.add(webhook_id)
        for event in content if isinstance(content, list) else [content]:
            if (own_id := "event " + event["data"]["id"]) not in self._seen:
                self._seen.add(own_id)
                self.events.append(event)
