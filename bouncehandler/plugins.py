"""Adapters of providers, found through the entry points `bouncehandler.providers`."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, Secret, SecretBytes, SecretStr

from bouncehandler.provider import Provider, ProviderClass, ProviderSettings
from bouncehandler.redaction import redactor
from bouncehandler.settings import ConfigurationError
from bouncehandler.settings.error_messages import sentence, suggestion
from bouncehandler.settings.model import ProviderSection
from bouncehandler.settings.provider_options import validated

if TYPE_CHECKING:
    from bouncehandler.http_client.client import ProviderClient

GROUP = "bouncehandler.providers"
"""Group of entry points: names are the `type` in the configuration, values the classes of adapters."""

_LONGEST_TYPE = 80  # characters that are shown


def known_types() -> list[str]:
    """Installed types of providers, sorted."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def load(provider_type: str) -> ProviderClass:
    """Load the class of an adapter.

    Raises:
        ConfigurationError: none, or more than one, is installed under that name; or it can't be imported.
    """
    entry = _entry(provider_type)
    who = f"the adapter {entry.value} of type {json.dumps(entry.name)}"
    try:
        found: Any = entry.load()
    except Exception as error:  # noqa: BLE001  # a plug-in's module can raise anything while it is imported
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise ConfigurationError(f"{who} can't be imported: {why}") from None
    model = getattr(found, "Settings", None)
    if not (callable(found) and isinstance(model, type) and issubclass(model, ProviderSettings)):
        raise ConfigurationError(f"{who} is not a class with a Settings derived from ProviderSettings; ask its author")
    adapter: ProviderClass = found
    return adapter


def settings_for(name: str, section: ProviderSection) -> ProviderSettings:
    """Validate the settings of the provider `name` by the model of its adapter.

    Each secret `x` of the model may come as `x_file`, the path of a file that holds it: without the line end at its
    end, and with a line each where there can be several.

    Raises:
        ConfigurationError: the adapter can't be had, or one of its keys is unknown, missing or wrong.
    """
    return _loaded(name, section)[1]


def client_for(name: str, section: ProviderSection) -> "ProviderClient":
    """Build the HTTP client of a provider.

    Raises:
        ConfigurationError: the proxy, or the file of certificate authorities, can't be used.
    """
    from bouncehandler.http_client.client import build_client  # noqa: PLC0415  # validation of settings needs no client

    proxy = section.proxy.get_secret_value() if section.proxy else None
    ca_file = str(section.ca_file) if section.ca_file else None
    try:
        return build_client(timeout=section.timeout, ca_file=ca_file, proxy=proxy)
    except ValueError as error:
        raise ConfigurationError(sentence("", ("providers", name), str(error))) from None


def build(name: str, section: ProviderSection, client: "ProviderClient | None" = None) -> Provider:
    """Build the adapter of the provider `name`, with `client`, or with one of its own.

    Raises:
        ConfigurationError: as `settings_for` and `client_for`; or the adapter refuses its settings with a ValueError.
    """
    return build_with_redactor(name, section, client)[0]


def build_with_redactor(
    name: str, section: ProviderSection, client: "ProviderClient | None" = None
) -> tuple[Provider, Callable[[str], str]]:
    """Build the adapter, and a function that redacts its secrets, which answers of a server may repeat; as `build`."""
    adapter, settings = _loaded(name, section)
    redact = redactor({*_secrets_in(settings, is_secret=False), *_proxy_secrets(section)})
    own = client or client_for(name, section)
    try:
        return adapter(settings, own), redact
    except Exception as error:  # noqa: BLE001  # a plug-in's constructor may raise anything
        if client is None:
            own.close()
        reason = redact(str(error) or type(error).__name__)
    raise ConfigurationError(sentence("", ("providers", name), reason))


def _entry(provider_type: str) -> EntryPoint:
    found = {entry.value: entry for entry in entry_points(group=GROUP, name=provider_type)}
    if len(found) == 1:
        return next(iter(found.values()))
    name = json.dumps(provider_type[:_LONGEST_TYPE])
    if found:
        raise ConfigurationError(f"{name} is installed more than once, as {' and '.join(sorted(found))}; remove one")
    mend = suggestion(provider_type, known_types()) or f"known are {', '.join(known_types()) or 'none'}"
    raise ConfigurationError(f"{name} is not a type of provider that is installed; {mend}")


def _loaded(name: str, section: ProviderSection) -> tuple[ProviderClass, ProviderSettings]:
    """Adapter of a provider, and its settings."""
    try:
        adapter = load(section.type)
    except ConfigurationError as error:
        raise ConfigurationError(sentence("", ("providers", name, "type"), str(error))) from None
    return adapter, validated(name, adapter.Settings, section.options.get_secret_value())


def _secrets_in(value: object, *, is_secret: bool) -> Iterator[str]:
    """Secret texts inside a value."""
    if isinstance(value, SecretStr | SecretBytes | Secret):
        yield from _secrets_in(value.get_secret_value(), is_secret=True)
    elif isinstance(value, BaseModel):
        yield from _secrets_in(vars(value), is_secret=is_secret)
    elif isinstance(value, Mapping):
        yield from _secrets_in(list(value.values()), is_secret=is_secret)
    elif is_secret and isinstance(value, str | bytes):
        yield value if isinstance(value, str) else value.decode("utf-8", "replace")
    elif isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes):
        for one in value:
            yield from _secrets_in(one, is_secret=is_secret)


def _proxy_secrets(section: ProviderSection) -> Iterator[str]:
    url = section.proxy.get_secret_value() if section.proxy else ""
    if password := urlsplit(url).password:
        yield from (password, unquote(password))
