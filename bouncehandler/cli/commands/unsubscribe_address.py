"""`bouncehandler unsubscribe-address`: make a signed List-Unsubscribe address."""

import math
from typing import TYPE_CHECKING

import click

from bouncehandler.cli.exits import CONFIGURATION, OK, CommandError
from bouncehandler.cli.options import GlobalOptions, global_options
from bouncehandler.cli.session import open_session
from bouncehandler.durations import parse_duration
from bouncehandler.unsubscribe.tokens import VALID_FOR_DAYS, unsubscribe_address

if TYPE_CHECKING:
    from bouncehandler.settings.model import Settings

_DAY = 86_400


@click.command("unsubscribe-address", short_help="Make a signed List-Unsubscribe address.")
@click.argument("address")
@click.option("--domain", help="The domain of [[unsubscribe]], where several have a secret.")
@click.option("--valid-for", default=f"{VALID_FOR_DAYS}d", show_default=True, help="How long it will be taken.")
@global_options
def command(options: GlobalOptions, address: str, domain: str | None, valid_for: str) -> int:
    """Print the signed address with which ADDRESS is unsubscribed by mail: List-Unsubscribe: <mailto:...>."""
    settings = open_session(options, quiet=True).settings
    name, secret = _signer(settings, domain)
    try:
        days = math.ceil(parse_duration(valid_for) / _DAY)
        click.echo(unsubscribe_address(address, domain=name, secret=secret, valid_for_days=days))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    return OK


def _signer(settings: "Settings", domain: str | None) -> tuple[str, str]:
    found = {one.domain: one.secret.get_secret_value() for one in reversed(settings.unsubscribe) if one.secret}
    if not found:
        raise CommandError("no [[unsubscribe]] of the configuration has a secret to sign with: add one", CONFIGURATION)
    names = ", ".join(sorted(found))
    if domain is None and len(found) > 1:
        raise click.UsageError(f"several domains have a secret; name one with --domain: {names}")
    name = next(iter(found)) if domain is None else domain.strip().lower().removesuffix(".")
    if name not in found:
        raise click.UsageError(f"--domain is none that has a secret, which are: {names}")
    return name, found[name]
