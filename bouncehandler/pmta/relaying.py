"""Which domains PowerMTA takes mail for."""

from fnmatch import fnmatchcase

from bouncehandler.pmta.tree import Block


def is_relayed(root: Block, domain: str) -> bool:
    """Whether a `relay-domain`, or a `relay-address` in it, names the domain; `*` stands for any text."""
    names = {word.lower() for one in root.directives("relay-domain") for word in one.words}
    names |= {word.lower().rpartition("@")[2] for one in root.directives("relay-address") for word in one.words}
    return any(fnmatchcase(domain.lower(), name.replace("[", "[[]")) for name in names)
