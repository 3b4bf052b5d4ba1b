"""The columns: whether `record-fields` brings what policy and the adapters need."""

from collections.abc import Iterator

from bouncehandler.pmta_config.checks.acct_file import AcctFile, record_type
from bouncehandler.pmta_config.generate import Installation
from bouncehandler.pmta_config.messages import LintMessage, Severity, listed
from bouncehandler.pmta_config.required_columns import FIELDS, JMRP, MAPPED, RequiredColumn, lacking
from bouncehandler.pmta_config.tree import SourceLocation


def check_columns(ours: list[AcctFile], site: Installation) -> Iterator[LintMessage]:
    """What the pipes' columns lack."""
    for file in ours:
        for kind in ("b", "rb", "f"):
            if file.carries(kind):
                yield from _columns(file, kind, site)
        if file.carries("f"):
            yield from _microsoft(file)


def decisive_columns(file: AcctFile, kind: str, site: Installation) -> list[str]:
    """The columns without which nothing can be made of these records, and that the file says it does not have."""
    return [need.columns[0] for need in _lacking(file, kind, site) if need.is_vital]


def _columns(file: AcctFile, kind: str, site: Installation) -> Iterator[LintMessage]:
    location, paste = _place(file, kind), (f"    {FIELDS[kind]}",)
    if kind not in file.fields:
        sentence = f"nothing says which columns records of type {kind} have, so that PowerMTA's version decides: say it"
        yield LintMessage(Severity.WARNING, location, sentence, paste)
        return
    found = _lacking(file, kind, site)
    for severity, needs in (
        (Severity.WRONG, [need for need in found if need.is_vital]),
        (Severity.WARNING, [need for need in found if not need.is_vital]),
    ):
        if needs:
            yield LintMessage(severity, location, f"`record-fields {kind}` lacks {_told(needs)}", paste)


def _lacking(file: AcctFile, kind: str, site: Installation) -> list[RequiredColumn]:
    return lacking(kind, file.fields[kind], site.providers) if kind in file.fields else []


def _told(needs: list[RequiredColumn]) -> str:
    """Columns, each with what it is for; those for the same thing together."""
    whys = dict.fromkeys(need.why for need in needs)
    return "; ".join(f"{listed([need.columns[0] for need in needs if need.why == why])} ({why})" for why in whys)


def _place(file: AcctFile, kind: str) -> SourceLocation:
    for directive in file.block.directives("record-fields"):
        if directive.words and record_type(directive.words[0]) == kind:
            return directive.location
    return file.block.location


def _microsoft(file: AcctFile) -> Iterator[LintMessage]:
    """Microsoft's reports have an empty `rcpt`; its own header names the person, mapped or as a column."""
    if JMRP.lower() in file.recipients or JMRP.lower() in file.fields.get("f", frozenset()):
        return
    location = next((one.location for one in file.block.directives("map-header-to-field")), _place(file, "f"))
    sentence = f"Microsoft's reports name nobody unless {JMRP} is mapped to rcpt"
    yield LintMessage(Severity.WRONG, location, sentence, (f"    {MAPPED}",))
