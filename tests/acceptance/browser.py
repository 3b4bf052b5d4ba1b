"""A real browser without a window: opens a page, and notes what it asks of the network and what it complains of."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, sync_playwright

PHONE, DESK = 390, 1280
"""Widths in pixels."""

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Opened:
    """A page that is open."""

    page: Page
    asked: list[str] = field(default_factory=list)
    """The addresses of what was asked for beside the page itself."""
    complaints: list[str] = field(default_factory=list)
    """What stands in the console, and what the script raised."""

    def axe(self) -> list[str]:
        """What axe-core finds wrong: the rule, and the first elements."""
        self.page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
        found: dict[str, Any] = self.page.evaluate("axe.run(document)")
        return [f"{one['id']}: {[node['html'] for node in one['nodes'][:3]]}" for one in found["violations"]]

    def column(self, table: str, index: int) -> list[str]:
        """The texts of a column, from the top."""
        texts: list[str] = self.page.locator(f"#{table} tbody tr > :nth-child({index})").all_text_contents()
        return texts

    def head(self, table: str, title: str) -> Any:  # noqa: ANN401  # the library's
        """The heading of a column."""
        return self.page.locator(f"#{table} thead th", has_text=title)


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium, for as many pages as wanted."""
    program = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    assert program, (
        "the report's page is tested in Chromium, which is missing here (on Debian: apt-get install chromium)"
    )
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@contextmanager
def opened(
    chromium: Browser, file: Path, scheme: Literal["light", "dark"] = "light", width: int = DESK
) -> Iterator[Opened]:
    """The page in a window of this width; its policy does not bind the tests' own script."""
    context = chromium.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    page = context.new_page()
    found = Opened(page)
    page.on("request", lambda request: found.asked.append(request.url))
    page.on("console", lambda message: found.complaints.append(message.text))
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.goto(file.as_uri())
    found.asked.remove(file.as_uri())
    yield found
    context.close()
