"""Rule files: the site's own before the shipped ones, and one sentence for each mistake."""

from pathlib import Path

import pytest

from bouncehandler.settings import ConfigurationError
from bouncehandler.settings.classification_rules import read_rules, shipped_file

GOOD = 'name = "mine"\nbecomes = "other"\nwhy = "seen"\ntext = "gone fishing"\n'


def site(tmp_path: Path, *rules: str) -> Path:
    """A site's own file."""
    file = tmp_path / "rules.toml"
    file.write_text("".join(f"[[rule]]\n{rule}\n" for rule in rules))
    return file


def test_the_sites_own_go_first(tmp_path: Path) -> None:
    """A rule of the site with the name of a shipped one replaces it."""
    shipped = [rule.name for rule in read_rules().rules]
    own = site(tmp_path, GOOD, GOOD.replace("mine", shipped[3]))
    names = [rule.name for rule in read_rules(own).rules]
    assert names == ["mine", shipped[3], *shipped[:3], *shipped[4:]]
    assert [rule.name for rule in read_rules(own, has_shipped=False).rules] == ["mine", shipped[3]]


def test_switched_off(tmp_path: Path) -> None:
    """With an empty `becomes` a shipped rule is gone; the version shows other rules."""
    own = read_rules(site(tmp_path, 'name = "spam"\nbecomes = ""\n'))
    assert "spam" not in [rule.name for rule in own.rules]
    assert own.version != read_rules().version == read_rules().version


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (GOOD.replace("text", "txt"), "rule mine: txt is not a known key; did you mean text?"),
        (GOOD.replace('"other"', '"bad_mailbox"'), "write bad-mailbox"),
        (GOOD.replace("gone fishing", "*"), "must hold a word of at least 3 characters"),
        (GOOD.replace("mine", "My Rule"), "must be a name"),
        (GOOD.replace('why = "seen"\n', ""), "why is missing"),
        ('name = "a"\nbecomes = "other"\nwhy = "x"\n', "needs status, text or host"),
        (GOOD + 'status = "5.1"\n', "must be a status such as 5.1.1"),
        (GOOD + 'not_status = ["5.1.1", "5"]\n', "not_status (entry 2) must be a status such as 5.1.1"),
        (GOOD + 'from = "yesterday"\n', "must be a time"),
        (GOOD + "from = 2021-01-02\nuntil = 2021-01-01\n", "until must be later than from"),
        ('name = "spm"\nbecomes = ""\n', "did you mean spam?"),
        ("name = ", "line 2"),
    ],
)
def test_mistakes(tmp_path: Path, rule: str, message: str) -> None:
    """Each mistake is one sentence with the file, the rule and the key."""
    file = site(tmp_path, rule)
    with pytest.raises(ConfigurationError) as caught:
        read_rules(file)
    assert str(caught.value).startswith(str(file))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_twice(tmp_path: Path) -> None:
    """Two rules of one name can't be distinguished in a report."""
    with pytest.raises(ConfigurationError, match="more than one rule"):
        read_rules(site(tmp_path, GOOD, GOOD))


def test_missing(tmp_path: Path) -> None:
    """A file that is not there is reported in one sentence."""
    with pytest.raises(ConfigurationError, match="can't be read: No such file"):
        read_rules(tmp_path / "none.toml")


def test_the_shipped_file_is_found() -> None:
    """In the source it lies in `config`; a wheel has it beside the settings."""
    assert shipped_file().is_file()
