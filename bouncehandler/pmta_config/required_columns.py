"""The required columns of each record type, and those that `*` includes (PowerMTA's guide)."""

from typing import NamedTuple


class RequiredColumn(NamedTuple):
    """A requirement that any one of some columns meets."""

    columns: tuple[str, ...]
    """Names in `record-fields`; the first one is recommended."""
    why: str
    is_vital: bool = False
    """Whether a record is useless without it."""


_BOUNCE = (
    RequiredColumn(("rcpt",), "who bounced", is_vital=True),
    RequiredColumn(("bounceCat",), "what policy decides by", is_vital=True),
    RequiredColumn(("dsnStatus",), "whether it lasts", is_vital=True),
    RequiredColumn(("orig",), "which provider wants the bounce", is_vital=True),
    RequiredColumn(("dsnDiag",), "what the rules read"),
    RequiredColumn(("dsnMta",), "which host answered"),
    RequiredColumn(("timeLogged", "timeQueued"), "when soft bounces were, which are counted by their own times"),
)
_JOB = RequiredColumn(("jobId",), "the campaign")
_HEADER_JOB = RequiredColumn(("header_X-job",), "the campaign")
_COMPLAINT = (
    RequiredColumn(("feedbackType",), "whether it is a complaint at all", is_vital=True),
    RequiredColumn(("rcpt",), "who complained", is_vital=True),
    RequiredColumn(("header_List-Unsubscribe",), "who complained, where the reporter hides the address"),
)
_BY_PROVIDER_TYPE = {
    kind: tuple(
        RequiredColumn((f"header_{name}",), f"{what}, where the reporter hides the address", is_vital=True)
        for name, what in headers.items()
    )
    for kind, headers in {
        "mailwizz": {"List-Id": "MailWizz's list", "X-Mw-Subscriber-Uid": "MailWizz's subscriber"},
        "interspire": {"X-Mailer-LID": "Interspire's list", "X-Mailer-RecptId": "Interspire's recipient"},
    }.items()
}

_STAR = {
    kind: frozenset(columns.split())
    for kind, columns in {
        "b": "timelogged timequeued orig rcpt orcpt dsnaction dsnstatus dsndiag dsnmta bouncecat srctype srcmta "
        "dlvtype dlvsourceip dlvdestinationip dlvesmtpavailable dlvsize vmta jobid envid queue vmtapool",
        "rb": "timelogged orig rcpt orcpt dsnstatus dsndiag dsnmta dsnreportingmta bouncecat srctype srcmta "
        "envid format",
        "f": "timelogged repsourceip feedbacktype format useragent envid orig rcpt reportingmta "
        "dlvsourceip reporteddomain header_from header_return-path header_x-job header_subject",
    }.items()
}

JMRP = "header_X-HmXmrOriginalRecipient"
"""The header with the recipient in Microsoft's reports."""

FIELDS = {
    "b": "record-fields b *",
    "rb": "record-fields rb *, header_X-job",
    "f": "record-fields f *, header_Message-Id, header_List-Unsubscribe, header_List-Id, header_X-Mw-Subscriber-Uid, "
    "header_X-Mailer-LID, header_X-Mailer-RecptId",
}
"""The directive with all required columns, by record type."""
MAPPED = f"map-header-to-field f {JMRP} rcpt"


def missing_columns(kind: str, columns: frozenset[str], providers: frozenset[str]) -> list[RequiredColumn]:
    """Return the requirements of record type `b`, `rb` or `f` that these columns, which may contain `*`, don't meet."""
    available = columns | (_STAR[kind] if "*" in columns else frozenset())
    return [
        need for need in _requirements(kind, providers) if not available & {column.lower() for column in need.columns}
    ]


def _requirements(kind: str, providers: frozenset[str]) -> tuple[RequiredColumn, ...]:
    if kind == "f":
        return (*_COMPLAINT, *(need for name in sorted(providers) for need in _BY_PROVIDER_TYPE.get(name, ())))
    return (*_BOUNCE, _JOB if kind == "b" else _HEADER_JOB)
