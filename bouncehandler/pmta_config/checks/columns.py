"""Checks the columns in `record-fields` against the required ones."""

from collections.abc import Iterator

from bouncehandler.pmta_config.checks.acct_file import AcctFile, record_type
from bouncehandler.pmta_config.generate import Installation
from bouncehandler.pmta_config.messages import LintMessage, Severity, fail, join_names, warn
from bouncehandler.pmta_config.required_columns import FIELDS, JMRP, MAPPED, RequiredColumn, missing_columns
from bouncehandler.pmta_config.tree import SourceLocation


def check_columns(ours: list[AcctFile], site: Installation) -> Iterator[LintMessage]:
    """Check the columns of the pipes."""
    for file in ours:
        for kind in ("b", "rb", "f"):
            if file.carries(kind):
                yield from _check_record_type(file, kind, site)
        if file.carries("f"):
            yield from _check_recipient_header(file)


def missing_vital_columns(file: AcctFile, kind: str, site: Installation) -> list[str]:
    """Return the vital columns of a record type that `record-fields` leaves out; none without that directive."""
    return [need.columns[0] for need in _missing(file, kind, site) if need.is_vital]


def _check_record_type(file: AcctFile, kind: str, site: Installation) -> Iterator[LintMessage]:
    location, paste = _location(file, kind), (f"    {FIELDS[kind]}",)
    if kind not in file.fields:
        sentence = f"the columns of records of type {kind} are not set, so that PowerMTA's version decides: set them"
        yield warn(location, sentence, paste)
        return
    missing = _missing(file, kind, site)
    for severity, needs in (
        (Severity.WRONG, [need for need in missing if need.is_vital]),
        (Severity.WARNING, [need for need in missing if not need.is_vital]),
    ):
        if needs:
            yield LintMessage(severity, location, f"`record-fields {kind}` lacks {_format(needs)}", paste)


def _missing(file: AcctFile, kind: str, site: Installation) -> list[RequiredColumn]:
    return missing_columns(kind, file.fields[kind], site.providers) if kind in file.fields else []


def _format(needs: list[RequiredColumn]) -> str:
    """Format columns with their purposes; those of the same purpose together."""
    purposes = dict.fromkeys(need.why for need in needs)
    return "; ".join(
        f"{join_names([need.columns[0] for need in needs if need.why == why])} ({why})" for why in purposes
    )


def _location(file: AcctFile, kind: str) -> SourceLocation:
    for directive in file.block.directives("record-fields"):
        if directive.words and record_type(directive.words[0]) == kind:
            return directive.location
    return file.block.location


def _check_recipient_header(file: AcctFile) -> Iterator[LintMessage]:
    """Check the header with the recipient of Microsoft's reports, whose `rcpt` is empty: mapped or as a column."""
    if JMRP.lower() in file.recipients or JMRP.lower() in file.fields.get("f", frozenset()):
        return
    location = next((one.location for one in file.block.directives("map-header-to-field")), _location(file, "f"))
    sentence = f"Microsoft's reports have no recipient unless {JMRP} is mapped to rcpt"
    yield fail(location, sentence, (f"    {MAPPED}",))
