"""PowerMTA's configuration: read as it is written, and examined for what this program needs of it.

Text in, plain data out: files come through a `Files` that is passed in. `parser` reads, `acct_file` understands where
accounting goes, `examination` says what is missing or wrong, line by line, and `blocks` writes what to paste. The facts
are those of PowerMTA's guide; what it leaves open is nowhere decided here, but asked to be written down.
"""

from bouncehandler.pmta_config.checks.acct_file import AcctFile, Command, acct_files
from bouncehandler.pmta_config.checks.unsubscribe_mail import command_of
from bouncehandler.pmta_config.generate import Installation, blocks_for
from bouncehandler.pmta_config.lint import lint, run_as_root
from bouncehandler.pmta_config.messages import LintMessage, Severity
from bouncehandler.pmta_config.parser import Files, parse
from bouncehandler.pmta_config.tree import Block, Configuration, Directive, SourceLocation

__all__ = [
    "AcctFile",
    "Block",
    "Command",
    "Configuration",
    "Directive",
    "Files",
    "Installation",
    "LintMessage",
    "Severity",
    "SourceLocation",
    "acct_files",
    "blocks_for",
    "command_of",
    "lint",
    "parse",
    "run_as_root",
]
