"""Texts of the import: settings without a counterpart, and differences from the PHP handler."""

from collections.abc import Mapping

OPENING = (
    "Made by `bouncehandler import-php` from the settings of the PHP handler for PowerMTA.",
    "It holds keys: its readers can change your lists. `bouncehandler check` proves it.",
)

DIFFERENCES = (
    "An unsubscribe that a list manager does not take is repeated from disk by a schedule; the PHP handler lost it.",
    "Columns are found by the names in PowerMTA's header; the PORT25_OFFSET_ constants are not needed.",
    "Senders are compared without regard to case, and may hold *, so that VERP senders match.",
    "A temporary status (4.x.x) counts as a soft bounce, and a policy status (5.7.x) is no verdict on the mailbox.",
    "`not-spam` reports suppress no one. Spikes at one mailbox provider are held ([hold]): they may be false.",
    "An Interspire or MailWizz that can't be reached at the start is tried again; the PHP handler went on without it.",
)
"""For every imported configuration."""

COUNTERPARTS: Mapping[str, str] = {
    "LOG_FILE": "no setting: it becomes --logfile in PowerMTA's acct-file line",
    "LOG_CONSOLE_MODE": "no setting: --debug shows each row and why on the console",
    "RRD_FILE": "no counterpart: `bouncehandler status --json` and the event `finished` in the log have the numbers",
    "ENDPOINT_TIMEOUT": "becomes `timeout` of Interspire, which alone heeded it",
    "$origTransactional": "no counterpart: nothing was done for these senders; a webhook can take their bounces",
}
"""Texts by setting that becomes no key, or one of another name."""

OFFSET = "no counterpart: columns are found by name, and [columns] gives the order for files without a header"
UNKNOWN = "not known here: it is not a setting of the PHP handler as published"

NO_SENDER = "nobody@bouncehandler.invalid"
"""A sender that no bounce has (RFC 2606), for a list manager that got none: an empty list means all senders."""

NO_SENDERS = (
    "The old list of senders is empty: bounces went nowhere, complaints and lists fed by hand did. An empty list means "
    "all senders here, so this one stands for none. Put in the senders whose bounces belong here."
)
UNCERTAIN_SENDERS = (
    "The old list of senders can't be read without running PHP, so this one stands for none. Put in whose bounces "
    "belong here; an empty list means all."
)
INCOMPLETE = "Left out, since a value is not known: put it in, and take each # away."
EXAMPLE_VALUE = "still has the value of the example that came with the PHP handler"
PLAIN_HTTP = "Its URL begins with http: the keys are readable on the way; use https if it is there."

MAILWIZZ = (
    "The keys of MailWizz 1.x. MailWizz 2.x has one key: api_key in place of the two.",
    "The URL is part of the signature: it has to be exactly what MailWizz itself is configured with.",
)

NOTIFY = (
    "The PHP handler mailed complaints and unsubscribes to addresses in its code, which is not read. "
    "To get mail, name an address:"
)
UNSUBSCRIBE = (
    "unsubhandler.php has its domain in its code, which is not read. The mail of that domain is taken with the domain "
    "put in here:"
)
SPOOL = (
    "Where unsubscribes wait for a list manager; PowerMTA's user must be able to write there. Left out: that user's "
    "state folder."
)
EVERY_CATEGORY = (
    "$bounceCategories is empty, which was to mean every category, soft bounces among them, and in the published "
    "code meant none. The defaults hold here."
)
