"""Providers that are held, for every process on this spool."""

from bouncehandler.spool.models import ProviderState
from bouncehandler.spool.sqlite.codec import sanitize_text
from bouncehandler.spool.sqlite.connection import Row, SpoolPart
from bouncehandler.spool.sqlite.notifications import enqueue_notices


def provider_states(rows: list[Row]) -> dict[str, ProviderState]:
    """The rows of `provider_held`, by provider."""
    return {
        name: ProviderState(held=True, reason=reason, since=since, probe_at=probe_at)
        for name, reason, since, probe_at in rows
    }


class SqliteHeldProviders(SpoolPart):
    """Held providers and their probes."""

    def hold(self, provider: str, reason: str, *, probe_in: float) -> None:
        now = self._clock()
        values = {"provider": provider, "reason": sanitize_text(reason), "now": now, "probe_at": now + probe_in}
        with self._connection.writing() as raw:
            is_new = not raw.execute(self._connection.sql("provider_held"), {"provider": provider}).fetchone()
            raw.execute(self._connection.sql("provider_hold"), values)
            if is_new and "held" in self._notices:
                enqueue_notices(self._connection, raw, [("held", {"provider": provider, "reason": reason})], now)

    def release(self, provider: str) -> None:
        with self._connection.writing() as raw:
            was_held = raw.execute(self._connection.sql("provider_release"), {"provider": provider}).rowcount
            if was_held and "back" in self._notices:
                enqueue_notices(self._connection, raw, [("back", {"provider": provider})], self._clock())

    def claim_probe(self, provider: str, *, next_probe_in: float, known: float = 0.0) -> bool:
        now = self._clock()
        values = {"provider": provider, "due": max(now, known), "next_probe_at": now + next_probe_in}
        with self._connection.writing() as raw:
            return raw.execute(self._connection.sql("provider_probe"), values).rowcount == 1

    def state(self, provider: str) -> ProviderState:
        rows = self._connection.rows("provider_held", {"provider": provider})
        return provider_states(rows).get(provider, ProviderState())
