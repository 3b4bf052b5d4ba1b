"""The manual page has the help of the commands, and is valid roff."""

import re
import shutil
import subprocess

import pytest

from bouncehandler.cli.app import app
from tests.manual import PAGE, page


def test_the_page_is_made_of_the_commands() -> None:
    """The shipped page is the one that `make man` writes."""
    assert PAGE.read_text() == page(), "the commands' help has changed: make man"


def test_every_command_and_option_is_there() -> None:
    """Each command has a section, and each option of its own a paragraph in it."""
    text = page().replace("\\-", "-")
    for name, command in ((name, app.get_command(None, name)) for name in app.list_commands(None)):  # type: ignore[arg-type]  # it needs no context
        assert command
        (section,) = re.findall(rf"^\.SS {name} (?:\[|-|A|S).*?(?=^\.S[HS] )", text, re.MULTILINE | re.DOTALL)
        for option in command.params:
            if option.opts[0].startswith("--") and option.name not in {"config", "logfile", "debug", "color"}:
                assert option.opts[0] in section


@pytest.mark.parametrize(
    "command", [["mandoc", "-T", "lint", "-W", "warning"], ["man", "--warnings", "-E", "UTF-8", "-l"]]
)
def test_the_page_is_sound(command: list[str]) -> None:
    """Neither mandoc nor man finds anything to warn of."""
    if not shutil.which(command[0]):
        pytest.fail(f"this test needs {command[0]}: apt-get install mandoc man-db")
    ran = subprocess.run([*command, str(PAGE)], capture_output=True, text=True, timeout=180, check=False)
    assert ran.returncode == 0
    assert ran.stderr == ""
    if command[0] == "mandoc":
        assert ran.stdout == ""
