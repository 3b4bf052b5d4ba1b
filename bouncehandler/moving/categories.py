"""`$bounceCategories` as `[policy.bounce]`: what the defaults say anyway is left to them, what they doubt is shown."""

from collections.abc import Iterator, Sequence

from bouncehandler.moving import remarks
from bouncehandler.moving.toml import Table
from bouncehandler.policy import DEFAULT_BOUNCE, OTHER

_LONGEST = 100  # characters: a category of PowerMTA has 20


def policy(categories: Sequence[str]) -> Table:
    """The table for the categories that the old handler suppressed at once; it ignored all others.

    A category that the defaults suppress, and the old handler did not, is ignored. Where the defaults wait for more
    bounces, or ignore, they hold, and the old verdict stands beside them with a `#` before it.
    """
    if not categories:
        return Table("[policy.bounce]", (), (remarks.EVERY_CATEGORY,), is_active=False)
    wanted = [name for name in dict.fromkeys(categories) if _is_category(name)]
    active = [(name, "suppress") for name in wanted if name not in DEFAULT_BOUNCE]
    active += [
        (name, "ignore") for name, action in DEFAULT_BOUNCE.items() if action == "suppress" and name not in wanted
    ]
    doubted = [(name, "suppress") for name in wanted if DEFAULT_BOUNCE.get(name, "suppress") != "suppress"]
    counted = [
        (name, "ignore")
        for name, action in DEFAULT_BOUNCE.items()
        if action not in {"suppress", "ignore"} and name not in wanted
    ]
    return Table("[policy.bounce]", active, tuple(_said(active, doubted, counted)), (*doubted, *counted))


def _is_category(name: str) -> bool:
    return bool(name.strip()) and name != OTHER and len(name) <= _LONGEST


def _said(
    active: Sequence[tuple[str, str]], doubted: Sequence[tuple[str, str]], counted: Sequence[tuple[str, str]]
) -> Iterator[str]:
    yield "From $bounceCategories. bad-mailbox, bad-domain and inactive-mailbox suppress at once, unless ignored below."
    if any(action == "ignore" for _, action in active):
        yield "Ignored, as before: what suppresses here by default, and was not in $bounceCategories."
    if any(action == "suppress" for _, action in active):
        yield "Suppressed, as before: categories that are not PowerMTA's own."
    if doubted:
        yield (
            f"{_names(doubted)} suppressed at once before. Here such a bounce is soft or ignored, since it often says "
            "nothing about the mailbox; take the # away for the old way."
        )
    if counted:
        yield (
            f"{_names(counted)} did nothing before. Here several within three weeks suppress; take the # away for the "
            "old way."
        )


def _names(rules: Sequence[tuple[str, str]]) -> str:
    return ", ".join(name for name, _ in rules)
