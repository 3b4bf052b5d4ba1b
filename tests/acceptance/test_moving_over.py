"""deploy/docs/migrating-from-php.md, step by step, as an operator of the PHP handler takes them."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness import LONGEST, OLD_ORDER, SCRIPT, accounting, bounce
from tests.acceptance.shell import alone
from tests.documents import blocks
from tests.fakes.interspire import FakeInterspire
from tests.fakes.mailwizz import PRIVATE_KEY, PUBLIC_KEY, FakeMailWizz

_STEPS = [block.text for block in blocks("sh") if block.document == "deploy/docs/migrating-from-php.md"]

_LOG = """\
[29/May/2016:11:22:10]   MailWizz: unsubscribe for Both@example.com:
[29/May/2016:11:22:10]    - skipped: A list
[29/May/2016:11:22:11]    - Unsubscribe user theirs@example.com from list=3, status=OK
[29/May/2016:11:22:12] Completed bounce processing! Total records=4, processed=4, skipped=0
"""


@pytest.fixture
def servers() -> Iterator[tuple[FakeMailWizz, FakeInterspire]]:
    """The list managers, with a subscriber on a list of each."""
    with FakeMailWizz(version="1.x") as mailwizz, FakeInterspire() as interspire:
        mailwizz.subscribe("both@example.com", "news000000000")
        interspire.subscribe("ours@example.com", "3")
        yield mailwizz, interspire


@pytest.fixture
def folder(tmp_path: Path, servers: tuple[FakeMailWizz, FakeInterspire]) -> Path:
    """A site's own folder: settings, files of PowerMTA with and without a header, and the old log."""
    mailwizz, interspire = servers
    (tmp_path / "setup.php").write_text(
        f"""<?php
        $bounceCategories = array("bad-mailbox", "bad-domain", "routing-errors", "inactive-mailbox");
        define("INTERSPIRE_API_KEY", "{interspire.token}");
        define("INTERSPIRE_ENDPOINT_URL", '{interspire.endpoint}');
        define("INTERSPIRE_USER_ID", "admin");
        $origInterspire = array("shop@example.com");
        define("MAILWIZZ_API_PUBLIC_KEY", "{PUBLIC_KEY}");
        define("MAILWIZZ_API_PRIVATE_KEY", "{PRIVATE_KEY}");
        define("MAILWIZZ_ENDPOINT_URL", "{mailwizz.api_url}");
        $origMailWizzZA = array("news@example.com");
        $log = new Logging();
        """
    )
    (tmp_path / "bounces-1.csv").write_bytes(
        accounting(
            [
                bounce("both@example.com", orig="news@example.com"),
                bounce("spam@example.com", "spam-related", orig="news@example.com"),
            ]
        )
    )
    (tmp_path / "bounces-2.csv").write_bytes(
        accounting([bounce("ours@example.com", orig="shop@example.com")], OLD_ORDER, has_header=False)
    )
    (tmp_path / "pmta-bounce-handler.log").write_text(_LOG)
    return tmp_path


def taken(folder: Path, step: str) -> str:
    """Run a step of the document, of which each command must succeed; returns its output."""
    path = f"{Path(SCRIPT[0]).parent}:{os.environ['PATH']}"
    finished = subprocess.run(
        ["/bin/sh", "-ec", step],
        capture_output=True,
        text=True,
        cwd=folder,
        env={"PATH": path, "HOME": str(folder)},
        timeout=LONGEST,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def test_moving_over(folder: Path, servers: tuple[FakeMailWizz, FakeInterspire]) -> None:
    """Each step has its documented result; the subscribers are unsubscribed after the switch, and not before."""
    mailwizz, interspire = servers
    bring, compare, shadow, look = _STEPS
    new = str(folder / "new.toml")

    assert "FAIL" not in taken(folder, bring)
    assert (folder / "new.toml").stat().st_mode & 0o777 == 0o600
    assert taken(folder, compare) == "ours@example.com\n\ttheirs@example.com\n"
    assert taken(folder, shadow) == "1\n"
    assert mailwizz.status_of("both@example.com") == {"news000000000": "confirmed"}
    assert set(interspire.status_of("ours@example.com").values()) == {"active"}
    assert alone(folder, "status", "--config", new).stdout.startswith("0 suppressions\n"), "nothing was kept"

    for name in ("bounces-1.csv", "bounces-2.csv"):
        fed = alone(folder, "--config", new, stdin=(folder / name).read_bytes())
        assert fed.status == 0, fed.stderr
    assert mailwizz.status_of("both@example.com") == {"news000000000": "unsubscribed"}
    assert set(interspire.status_of("ours@example.com").values()) != {"active"}
    assert look == "bouncehandler status --watch\n", "which goes on: test_screen tries it"
