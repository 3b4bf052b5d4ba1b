"""The command `import-php`: the settings of the PHP handler are converted, and differences are listed."""

import tomllib
from pathlib import Path

import pytest

from tests.acceptance.harness import Finished
from tests.acceptance.shell import alone

SETUP = r"""<?php
// Logging configuration. 1=log to console / 0=log to file
define("LOG_CONSOLE_MODE",          0);
define("LOG_FILE",                  "/var/log/pmta/pmta-bounce-handler.log");
define("RRD_FILE",                  "/var/log/pmta/pmta.rrd");
$bounceCategories = array("bad-mailbox","bad-domain","routing-errors","inactive-mailbox","our-own");

define("INTERSPIRE_API_KEY",        'a"quote\\and\'more');
define("INTERSPIRE_ENDPOINT_URL",   "http://127.0.0.1:9/xml.php");
define("INTERSPIRE_USER_ID",        "m\u{fc}ller");
$origInterspire = array("shop@example.com", "news@example.com");

define("MAILWIZZ_API_PUBLIC_KEY",   "MY_PUBLIC_KEY");
define("MAILWIZZ_API_PRIVATE_KEY",  'private$key');
define("MAILWIZZ_ENDPOINT_URL",     "https://127.0.0.1:9" . "/api");
$origMailWizzZA = array("news@example.com", "other@example.com", "receipts@example.com");
$origTransactional = array("receipts@example.com");
define("ENDPOINT_TIMEOUT",          45);
define("SITE_KEY", getenv("SITE_KEY"));

date_default_timezone_set('UTC');
$log = new Logging();
$log->lwrite('Handling=' . (empty($bounceCategories) ? 'all records' : implode(',', $bounceCategories)));
require_once dirname(__FILE__) . '/providers/bounce-provider-mailwizz.php';
class Logging { private $log_file, $fp, $debug = 0; public function lfile($path) { $this->log_file = $path; } }
"""


def imported(folder: Path, text: str | bytes = SETUP, *args: str) -> Finished:
    """Run the command on a file with this content."""
    setup = folder / "setup.php"
    setup.write_bytes(text if isinstance(text, bytes) else text.encode())
    return alone(folder, "import-php", str(setup), *args)


def test_configuration(tmp_path: Path) -> None:
    """Keys, URLs, senders and categories are unchanged; a provider gets the same bounces as before."""
    finished = imported(tmp_path)
    assert finished.status == 0, finished.stderr
    assert tomllib.loads(finished.stdout) == {
        "policy": {"bounce": {"our-own": "suppress"}},
        "providers": {
            "mailwizz": {
                "type": "mailwizz",
                "url": "https://127.0.0.1:9/api",
                "public_key": "MY_PUBLIC_KEY",
                "private_key": "private$key",
                "originators": ["news@example.com", "other@example.com"],
            },
            "interspire": {
                "type": "interspire",
                "url": "http://127.0.0.1:9/xml.php",
                "username": "müller",
                "token": "a\"quote\\and'more",
                "originators": ["shop@example.com"],
                "timeout": "45s",
            },
        },
    }


def test_what_is_reported(tmp_path: Path) -> None:
    """Each setting without a counterpart, in doubt, or left out is named, on stderr and in the file; no key is."""
    finished = imported(tmp_path)
    for output in (
        "MAILWIZZ_API_PUBLIC_KEY: still has the value of the example",
        "$origMailWizzZA: a sender is left out",
        "$origInterspire: a sender is left out",
        "line 4: LOG_FILE: no setting: it becomes --logfile",
        "line 5: RRD_FILE: no counterpart",
        "$origTransactional: no counterpart",
        "line 19: SITE_KEY: left out, its value is a call of getenv()",
        "line 21: a call of date_default_timezone_set() is code",
    ):
        assert output in finished.stderr
        assert output in " ".join(finished.stdout.replace("\n# ", " ").split())
    for kept in ("private$key", "quote", "news@example.com"):
        assert kept not in finished.stderr
    assert '#routing-errors = "suppress"' in finished.stdout, "what is softer here is shown, not silently changed"
    assert "Logging" not in finished.stdout


def test_output(tmp_path: Path) -> None:
    """--output writes a file for its owner alone, replaces none without --force, and `check` reads it."""
    made = tmp_path / "made.toml"
    finished = imported(tmp_path, SETUP, "-o", str(made))
    assert (finished.status, finished.stdout) == (0, "")
    assert "bouncehandler check --config" in finished.stderr
    assert made.stat().st_mode & 0o777 == 0o600
    refused = imported(tmp_path, SETUP, "--output", str(made))
    assert (refused.status, refused.sentences[-1]) == (
        64,
        f"bouncehandler: {made} is there already: name another file, or add --force",
    )
    made.write_text("old")
    assert imported(tmp_path, SETUP, "-o", str(made), "--force").status == 0
    assert made.read_text() == imported(tmp_path).stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made.toml", "setup.php"], "nothing is left behind"
    checked = alone(tmp_path, "check", "--config", str(made))
    assert f"{made} is valid" in checked.stdout
    assert "FAIL" not in checked.stdout, checked.stdout


@pytest.mark.parametrize(
    ("text", "status", "output"),
    [
        (
            "<?php $site = 1;",
            65,
            "has none of the PHP handler's settings, such as $bounceCategories: name its setup.php",
        ),
        ("type,rcpt\nb,a@example.com\n", 65, "it has no PHP in it"),
        (b"\x89PNG\r\n\0\0", 65, "it holds NUL bytes, so that it is no text"),
        (b"<?php " + b"x" * 300_000, 65, "it is longer than 250,000 bytes"),
        ("<?php\n$bounceCategories = array('bad-mailbox;\n", 65, "line 2: a string that begins here has no end"),
    ],
    ids=["other settings", "no PHP", "binary", "huge", "damaged"],
)
def test_no_settings(tmp_path: Path, text: str | bytes, status: int, output: str) -> None:
    """A file that is something else, damaged or hostile gets one sentence, and nothing is written."""
    finished = imported(tmp_path, text, "-o", str(tmp_path / "made.toml"))
    assert (finished.status, finished.stdout) == (status, "")
    (sentence,) = finished.sentences
    assert output in sentence
    assert not (tmp_path / "made.toml").exists()


def test_no_file(tmp_path: Path) -> None:
    """A file that is not there, a folder, and a place that can't be written get one sentence each."""
    finished = alone(tmp_path, "import-php", "none.php")
    assert (finished.status, finished.stderr) == (
        64,
        "bouncehandler: none.php can't be read: No such file or directory\n",
    )
    assert "Is a directory" in alone(tmp_path, "import-php", str(tmp_path)).stderr
    nowhere = imported(tmp_path, SETUP, "-o", str(tmp_path / "missing" / "made.toml"))
    assert (nowhere.status, nowhere.sentences[-1]) == (
        75,
        f"bouncehandler: {tmp_path}/missing/made.toml can't be written: No such file or directory",
    )


def test_senders_that_are_not_known(tmp_path: Path) -> None:
    """Empty senders, or ones that only PHP can evaluate, become none: an empty list would mean all."""
    for senders, output in (("array('')", "is empty"), ("explode(',', FROM)", "can't be read without running PHP")):
        text = SETUP.replace('array("shop@example.com", "news@example.com")', senders)
        finished = imported(tmp_path, text)
        table = tomllib.loads(finished.stdout)["providers"]["interspire"]
        assert table["originators"] == ["nobody@bouncehandler.invalid"]
        assert output in finished.stdout


def test_a_value_that_is_refused(tmp_path: Path) -> None:
    """A list manager with invalid or missing values is shown with # before it, and the reason."""
    finished = imported(tmp_path, SETUP.replace("http://127", "ftp://127").replace("'private$key'", "KEY_OF . 'x'"))
    table = tomllib.loads(finished.stdout)
    assert finished.status == 0
    assert "providers" not in table
    assert '#url = "ftp://127.0.0.1:9/xml.php"' in finished.stdout
    assert "[providers.interspire]: left out, " in finished.stderr
    assert "mailwizz: left out, since MAILWIZZ_API_PRIVATE_KEY has no known value" in finished.stderr


def test_names_are_harmless(tmp_path: Path) -> None:
    """A name or a path from outside can't move the cursor, nor begin a line of its own."""
    finished = imported(tmp_path, SETUP + '\ndefine("\\x1b[2J\\nEVIL\\n[spool]", 1);')
    assert "?[2J?EVIL?[spool]" in finished.stderr
    assert "\x1b" not in finished.stderr + finished.stdout
    assert "spool" not in tomllib.loads(finished.stdout)
