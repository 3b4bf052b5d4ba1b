"""Providers that are held, for every process on this spool."""

from collections.abc import Collection

from bouncehandler.spool.models import ProviderState
from bouncehandler.spool.sqlite.codec import sanitize_text
from bouncehandler.spool.sqlite.connection import Connection, Row
from bouncehandler.spool.sqlite.notifications import enqueue_notices


def held_providers(connection: Connection, provider: str | None = None) -> dict[str, ProviderState]:
    """The held providers, or the one that is named if it is held."""
    return provider_states(connection.rows("provider_held", {"provider": provider}))


def provider_states(rows: list[Row]) -> dict[str, ProviderState]:
    """The rows of `provider_held`, by provider."""
    return {
        name: ProviderState(held=True, reason=reason, since=since, probe_at=probe_at)
        for name, reason, since, probe_at in rows
    }


def hold_provider(  # noqa: PLR0913  # one transaction, all of it needed
    connection: Connection, provider: str, reason: str, *, now: float, probe_at: float, notices: Collection[str]
) -> None:
    """See `Spool.hold`; `notices` are the kinds of notices that are queued."""
    values = {"provider": provider, "reason": sanitize_text(reason), "now": now, "probe_at": probe_at}
    with connection.writing() as raw:
        is_new = not raw.execute(connection.sql("provider_held"), {"provider": provider}).fetchone()
        raw.execute(connection.sql("provider_hold"), values)
        if is_new and "held" in notices:
            enqueue_notices(connection, raw, [("held", {"provider": provider, "reason": reason})], now)


def release_provider(connection: Connection, provider: str, *, now: float, notices: Collection[str]) -> None:
    """See `Spool.release`."""
    with connection.writing() as raw:
        was_held = raw.execute(connection.sql("provider_release"), {"provider": provider}).rowcount
        if was_held and "back" in notices:
            enqueue_notices(connection, raw, [("back", {"provider": provider})], now)
