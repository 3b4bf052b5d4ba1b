"""The report's page in a real browser: accessible, in both colour schemes, on a phone, sortable, and on its own."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.acceptance.browser import DESK, PHONE, browser, opened
from tests.acceptance.harness import Program
from tests.acceptance.report_scene import fill, with_managers


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all of it."""
    with browser() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a busy week, hostile names in it."""
    program = with_managers(tmp_path_factory.mktemp("busy"))
    fill(program.spool, time.time())
    return written(program)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a spool in which nothing is."""
    return written(Program(tmp_path_factory.mktemp("empty")))


def written(program: Program) -> Path:
    """The program's report."""
    finished = program.run("report", "--html", "report.html")
    assert finished.status == 0, finished.stderr
    return program.folder / "report.html"


@pytest.mark.parametrize("width", [DESK, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible(chromium: Browser, page: Path, scheme: str, width: int) -> None:
    """axe-core finds nothing wrong, in either colour scheme, on a desk and on a phone; nor does the console."""
    with opened(chromium, page, "dark" if scheme == "dark" else "light", width) as report:
        assert report.axe() == []
        assert report.complaints == []


def test_an_empty_one_is_accessible(chromium: Browser, empty: Path) -> None:
    """The page without records is accessible, too, and has advice."""
    with opened(chromium, empty, width=PHONE) as report:
        assert "No records in this period" in report.page.inner_text("main")
        assert "bouncehandler check" in report.page.inner_text("main")
        assert report.axe() == []
        assert report.complaints == []


@pytest.mark.parametrize("which", ["busy", "empty"])
def test_nothing_scrolls_sideways_on_a_phone(chromium: Browser, page: Path, empty: Path, which: str) -> None:
    """At 390 px nothing is wider than the window, even unfolded."""
    with opened(chromium, page if which == "busy" else empty, width=PHONE) as report:
        for summary in report.page.locator("summary, .unfold").all():
            summary.click()
        assert report.page.evaluate("document.documentElement.scrollWidth") <= PHONE


def test_the_colours_follow_the_scheme(chromium: Browser, page: Path) -> None:
    """A dark page where dark is wanted."""
    paper = "getComputedStyle(document.body).backgroundColor"
    with opened(chromium, page, "light") as light, opened(chromium, page, "dark") as dark:
        assert light.page.evaluate(paper) != dark.page.evaluate(paper)


def test_it_is_on_its_own(chromium: Browser, page: Path) -> None:
    """The page makes no requests, and no injected text could."""
    with opened(chromium, page) as report:
        assert report.asked == []
        report.page.evaluate("fetch('http://127.0.0.1:9/').catch(() => {})")
        report.page.evaluate("document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/i.png'}))")
        report.page.evaluate("new Promise(done => setTimeout(done))")
        assert len(report.complaints) >= 2
        assert all("Content Security Policy" in text for text in report.complaints)


def test_hostile_names_are_text(chromium: Browser, page: Path) -> None:
    """Markup, an end of script or style, and a template in a name are shown as they are, and do nothing."""
    with opened(chromium, page) as report:
        shown = report.column("categories", 1)
        assert any("<script>alert(1)</script>]]>" in text and "{{ 7*7 }}" in text for text in shown)
        assert report.page.locator("script").count() == 1
        assert "\u202e" not in report.page.content()
        assert "\0" not in report.page.content()


def test_sorted_by_mouse(chromium: Browser, page: Path) -> None:
    """A press sorts by largest number or by name, and announces it; another reverses it; (others) stays last."""
    with opened(chromium, page) as report:
        assert report.head("mailbox_providers", "Bounces").get_attribute("aria-sort") == "descending"
        report.head("mailbox_providers", "Mailbox provider").locator("button").click()
        names = report.column("mailbox_providers", 1)
        assert names == sorted(names)
        assert report.head("mailbox_providers", "Mailbox provider").get_attribute("aria-sort") == "ascending"
        assert report.head("mailbox_providers", "Bounces").get_attribute("aria-sort") is None
        complaints = report.head("mailbox_providers", "Complaints").locator("button")
        complaints.click()
        numbers = [int(text.replace(",", "")) for text in report.column("mailbox_providers", 6)]
        assert numbers == sorted(numbers, reverse=True)
        assert max(numbers) > 0
        complaints.click()
        assert report.column("mailbox_providers", 6) == [f"{number:,}" for number in sorted(numbers)]
        assert "Complaints, rising" in report.page.inner_text("[role=status]")


def test_sorted_by_keyboard(chromium: Browser, page: Path) -> None:
    """Tab reaches each heading, Enter and the space bar sort, and it shows where the keyboard is."""
    with opened(chromium, page) as report:
        report.head("categories", "Category").locator("button").focus()
        report.page.keyboard.press("Tab")
        assert report.page.evaluate("document.activeElement.textContent") == "Bounces"
        assert report.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        first = report.column("categories", 1)[0]
        report.page.keyboard.press("Enter")
        assert report.column("categories", 1)[-1] == first
        report.page.keyboard.press("Space")
        assert report.column("categories", 1)[0] == first


def test_long_tables_are_folded(chromium: Browser, page: Path) -> None:
    """Of a long table twelve rows are seen until all are asked for."""
    with opened(chromium, page) as report:
        seen = report.page.locator("#jobs tbody tr:visible")
        button = report.page.locator("#jobs .unfold")
        assert seen.count() == 12
        button.click()
        assert seen.count() == len(report.column("jobs", 1)) > 12
        button.press("Enter")
        assert seen.count() == 12


def test_printable(chromium: Browser, page: Path) -> None:
    """On paper it is black on white, without what only a screen can do."""
    with opened(chromium, page, "dark") as report:
        report.page.emulate_media(media="print", color_scheme="dark")
        assert report.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert not report.page.locator("#jobs .unfold").is_visible()
        assert report.page.pdf().startswith(b"%PDF")


def test_many_distinct_values_stay_quick(chromium: Browser, tmp_path: Path) -> None:
    """With thousands of jobs a table has 200 rows and the sum of the others, and sorts at once."""
    program = with_managers(tmp_path)
    fill(program.spool, time.time(), hours=24, distinct=3000)
    file = written(program)
    assert file.stat().st_size < 1_000_000
    with opened(chromium, file) as report:
        assert len(report.column("jobs", 1)) == 200
        assert report.page.inner_text("#jobs tfoot th") == "(others)"
        sort = (
            "const at = performance.now(); document.querySelector('#jobs thead button').click(); performance.now() - at"
        )
        assert report.page.evaluate(f"(() => {{ {sort.replace('; performance', '; return performance')} }})()") < 500
