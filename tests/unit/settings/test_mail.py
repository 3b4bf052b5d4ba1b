"""The settings of `[[unsubscribe]]` and `[notify]`: what is read, and one sentence for each mistake."""

from pathlib import Path

import pytest

from bouncehandler.settings import ConfigurationError, load
from bouncehandler.settings.mail import NotifySettings, UnsubscribeSection
from bouncehandler.settings.model import Settings

SECRET = "0123456789abcdef0123456789abcdef"
NEWS = '[providers.news]\ntype = "mailwizz"\n'


def read(file: Path, text: str, **environ: str) -> Settings:
    """The settings in a text."""
    file.write_text(text)
    return load(file, {"HOME": "/home/pmta", **environ})


def complaint(file: Path, text: str, **environ: str) -> str:
    """Messages about a text, without the file's name."""
    with pytest.raises(ConfigurationError) as error:
        read(file, text, **environ)
    return str(error.value).replace(f"{file}: ", "")


def only(settings: Settings) -> UnsubscribeSection:
    """The one table."""
    (section,) = settings.unsubscribe
    return section


class TestUnsubscribe:
    """`[[unsubscribe]]`."""

    def test_pattern(self, file: Path) -> None:
        """A domain with its pattern and provider; the domain in lower case, without a dot at its end."""
        text = '[[unsubscribe]]\ndomain = "FBL-unsub.example.com."\npattern = "{subscriber}.{list}.{campaign}"\n'
        section = only(read(file, text + 'provider = "news"\n' + NEWS))
        assert (section.domain, section.provider) == ("fbl-unsub.example.com", "news")
        assert section.pattern == "{subscriber}.{list}.{campaign}"
        assert section.secret is None

    @pytest.mark.parametrize("key", ["secret", "old_secret"])
    def test_secret_from_a_file(self, file: Path, key: str) -> None:
        """A secret may come from a file beside the configuration, and is never shown."""
        (file.parent / "key").write_text(SECRET + "\n")
        more = "" if key == "secret" else f'secret = "{SECRET[::-1]}"\n'
        settings = read(file, f'[[unsubscribe]]\ndomain = "u.example.com"\n{more}{key}_file = "key"\n')
        secret = getattr(only(settings), key)
        assert secret.get_secret_value() == SECRET
        assert SECRET not in repr(settings)

    def test_from_the_environment(self, file: Path) -> None:
        """The tables may come as JSON from the environment, which then counts instead of the file."""
        notices = f'[{{"domain": "u.example.com", "secret": "{SECRET}"}}]'
        text = '[[unsubscribe]]\ndomain = "x.example.com"\nsecret = "wwwwwwwwwwwwwwww"\n'
        assert only(read(file, text, BOUNCEHANDLER_UNSUBSCRIBE=notices)).domain == "u.example.com"

    @pytest.mark.parametrize(
        "pattern",
        ["{subscriber}.{list}", "u+{list}-{subscriber}", "{campaign}={list}={subscriber}", "{subscriber}.{list}.x"],
    )
    def test_patterns_that_fit(self, file: Path, pattern: str) -> None:
        """A pattern holds subscriber and list, in any order, with signs between them."""
        text = f'[[unsubscribe]]\ndomain = "u.example.com"\npattern = "{pattern}"\nprovider = "news"\n'
        assert only(read(file, text + NEWS)).pattern == pattern

    @pytest.mark.parametrize(
        ("table", "message"),
        [
            ("", "unsubscribe.domain (entry 1) is missing"),
            ('domain = "localhost"\nsecret = "SECRET"', "unsubscribe.domain (entry 1) must be a domain such as"),
            ('domain = "u.example.com"', "unsubscribe (entry 1) needs a pattern with a provider, or a secret, or both"),
            ('domain = "u.example.com"\nprovider = "news"\nsecret = "SECRET"', "needs pattern and provider together"),
            ('domain = "u.example.com"\npattern = "{subscriber}.{list}"', "needs pattern and provider together"),
            ('domain = "u.example.com"\nsecret = "short"', "must have 16 characters or more; `openssl rand -hex 32`"),
            ('domain = "u.example.com"\nsecret_file = "nowhere"', "unsubscribe.secret_file (entry 1) can't be read:"),
            ('domain = "u.example.com"\nsecrets = "x"', "is not a known key; did you mean secret?"),
            ('pattern = "{subscriber}{list}"', "must have a sign such as . or - between two fields"),
            ('pattern = "{subscriber}x{list}"', "must have a sign such as . or - between two fields"),
            ('pattern = "{subscriber}.{list}x"', "must not have a letter or a digit right behind a field"),
            ('pattern = "{subscriber}"', "must hold {subscriber} and {list}, and may hold {campaign}, each once"),
            ('pattern = "{subscriber}.{list}.{list}"', "must hold {subscriber} and {list}, and may hold {campaign}"),
            ('pattern = "{subscriber}.{list}@u"', "must be the part before the @"),
            ('pattern = "{subscriber}.{list}.{who}"', "must hold {subscriber} and {list}"),
        ],
    )
    def test_mistakes(self, file: Path, table: str, message: str) -> None:
        """Each mistake is one sentence that names the key and the entry, and no secret."""
        if table.startswith("pattern"):
            table = f'domain = "u.example.com"\nprovider = "news"\n{table}'
        found = complaint(file, "[[unsubscribe]]\n" + table.replace("SECRET", SECRET) + "\n" + NEWS)
        assert message in found
        assert len(found.splitlines()) == 1
        assert SECRET not in found

    def test_provider_that_is_not_there(self, file: Path) -> None:
        """The provider of the ids must be configured."""
        text = '[[unsubscribe]]\ndomain = "u.example.com"\npattern = "{subscriber}.{list}"\nprovider = "nevs"\n'
        assert "unsubscribe names the provider nevs, which is not configured" in complaint(file, text + NEWS)

    def test_not_a_list_in_the_environment(self, file: Path) -> None:
        """A variable that is no JSON is one sentence that names it."""
        found = complaint(file, "", BOUNCEHANDLER_UNSUBSCRIBE="u.example.com")
        assert found == "BOUNCEHANDLER_UNSUBSCRIBE in the environment: unsubscribe is not a JSON list of tables"


class TestNotify:
    """`[notify]`."""

    def test_off_by_default(self, file: Path) -> None:
        """Notices are sent only after the operator has configured a recipient."""
        assert read(file, "").notify == NotifySettings()
        assert NotifySettings().to == []

    @pytest.mark.parametrize(
        ("value", "seconds"), [('"each"', 0.0), ('"0s"', 0.0), ('"15m"', 900.0), ('"1d"', 86400.0)]
    )
    def test_every(self, file: Path, value: str, seconds: float) -> None:
        """A duration, or a mail for each event."""
        assert read(file, f"[notify]\nevery = {value}\n").notify.every == seconds

    @pytest.mark.parametrize("name", ["wave", "spike"])
    def test_both_names_of_a_spike(self, file: Path, name: str) -> None:
        """Configurations with the former name `wave` stay valid."""
        assert read(file, f'[notify]\nevents = ["held", "{name}"]').notify.events == ["held", "spike"]

    def test_all(self, file: Path) -> None:
        """Each key is read, lists with commas from the environment too."""
        (file.parent / "pw").write_text("pass word\n")
        text = '[notify]\nsmtp = "[::1]:587"\ntls = "starttls"\nusername = "u"\npassword_file = "pw"\n'
        notify = read(file, text, BOUNCEHANDLER_NOTIFY__TO="a@example.com, b@example.com").notify
        assert notify.to == ["a@example.com", "b@example.com"]
        assert (notify.smtp, notify.tls, notify.username) == ("[::1]:587", "starttls", "u")
        assert notify.password is not None
        assert notify.password.get_secret_value() == "pass word"

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ('to = "postmaster"', "notify.to (entry 1) must be an address such as postmaster@example.com"),
            ('to = ["a@example.com\\nBcc: x@example.com"]', "notify.to (entry 1) must be an address such as"),
            ('sender = "me"', "notify.sender must be an address"),
            ('events = ["complaint", "bounce"]', "notify.events (entry 2) must be 'complaint', 'unsubscribe', 'held'"),
            ('every = "often"', "notify.every: 'often' is not a duration"),
            ("unreadable_share = 0", "notify.unreadable_share must be greater than 0"),
            ("unreadable_share = 2", "notify.unreadable_share must be less than or equal to 1"),
            ('smtp = "localhost"', "notify.smtp must be a host and a port, such as localhost:25"),
            ('smtp = "localhost:0"', "notify.smtp must have a port from 1 to 65535"),
            ('smtp = "http://localhost:25"', "notify.smtp must be a host and a port, such as localhost:25"),
            ('tls = "yes"', "notify.tls must be 'none', 'starttls' or 'tls'"),
            ('password_file = "nowhere"', "notify.password_file can't be read:"),
            ('sendr = "x"', "notify.sendr is not a known key; did you mean sender?"),
            ('password = "a"\npassword_file = "b"', "notify.password is given twice, here and by password_file"),
        ],
    )
    def test_mistakes(self, file: Path, line: str, message: str) -> None:
        """Each mistake is one sentence that names the key and what to write."""
        found = complaint(file, f"[notify]\n{line}\n")
        assert message in found
        assert len(found.splitlines()) == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('Not-Spam = "ignore"', "policy.complaint.Not-Spam is not how reports write it; write not-spam"),
        ('abuse = "count"', "policy.complaint.abuse must be 'suppress' or 'ignore'"),
        ("abuse = { suppress_after = 3 }", "policy.complaint.abuse must be 'suppress' or 'ignore'"),
    ],
)
def test_mistakes_in_complaints(file: Path, line: str, message: str) -> None:
    """A complaint is suppressed or ignored, never counted."""
    assert message in complaint(file, f"[policy.complaint]\n{line}\n")


def test_complaints_from_the_environment(file: Path) -> None:
    """A variable's name has no hyphens."""
    found = read(file, "", BOUNCEHANDLER_POLICY__COMPLAINT__NOT_SPAM="suppress").policy.complaint
    assert (found["not-spam"], found["*"]) == ("suppress", "suppress")
