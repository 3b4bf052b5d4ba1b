"""Which columns this program needs of each record type, and which of them `*` brings (PowerMTA's guide)."""

from typing import NamedTuple


class RequiredColumn(NamedTuple):
    """What one or another of some columns is needed for."""

    columns: tuple[str, ...]
    """As `record-fields` writes them; the first is the one to ask for."""
    why: str
    is_vital: bool = False
    """Whether nothing can be made of a record without it."""


_BOUNCE = (
    RequiredColumn(("rcpt",), "who bounced", is_vital=True),
    RequiredColumn(("bounceCat",), "what policy decides by", is_vital=True),
    RequiredColumn(("dsnStatus",), "whether it lasts", is_vital=True),
    RequiredColumn(("orig",), "which provider wants the bounce", is_vital=True),
    RequiredColumn(("dsnDiag",), "what the rules read"),
    RequiredColumn(("dsnMta",), "which host said it"),
    RequiredColumn(("timeLogged", "timeQueued"), "when soft bounces were, which are counted by their own times"),
)
_JOB = RequiredColumn(("jobId",), "the campaign")
_HEADER_JOB = RequiredColumn(("header_X-job",), "the campaign")
_COMPLAINT = (
    RequiredColumn(("feedbackType",), "whether it is a complaint at all", is_vital=True),
    RequiredColumn(("rcpt",), "who complained", is_vital=True),
    RequiredColumn(("header_List-Unsubscribe",), "who complained, where the reporter hides the address"),
)
_OF_PROVIDERS = {
    "mailwizz": (
        RequiredColumn(("header_List-Id",), "MailWizz's list, where the reporter hides the address", is_vital=True),
        RequiredColumn(
            ("header_X-Mw-Subscriber-Uid",),
            "MailWizz's subscriber, where the reporter hides the address",
            is_vital=True,
        ),
    ),
    "interspire": (
        RequiredColumn(
            ("header_X-Mailer-LID",), "Interspire's list, where the reporter hides the address", is_vital=True
        ),
        RequiredColumn(
            ("header_X-Mailer-RecptId",), "Interspire's recipient, where the reporter hides the address", is_vital=True
        ),
    ),
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
"""Where Microsoft's reports name the recipient."""

FIELDS = {
    "b": "record-fields b *",
    "rb": "record-fields rb *, header_X-job",
    "f": "record-fields f *, header_Message-Id, header_List-Unsubscribe, header_List-Id, header_X-Mw-Subscriber-Uid, "
    "header_X-Mailer-LID, header_X-Mailer-RecptId",
}
"""The directive that brings everything, by record type."""
MAPPED = f"map-header-to-field f {JMRP} rcpt"


def lacking(kind: str, columns: frozenset[str], providers: frozenset[str]) -> list[RequiredColumn]:
    """What these columns, `*` perhaps among them, don't bring of records of type `b`, `rb` or `f`."""
    found = columns | (_STAR[kind] if "*" in columns else frozenset())
    return [need for need in _needs(kind, providers) if not found & {column.lower() for column in need.columns}]


def _needs(kind: str, providers: frozenset[str]) -> tuple[RequiredColumn, ...]:
    if kind == "f":
        return (*_COMPLAINT, *(need for name in sorted(providers) for need in _OF_PROVIDERS.get(name, ())))
    return (*_BOUNCE, _JOB if kind == "b" else _HEADER_JOB)
