"""PowerMTA's configuration: parsed, and checked for the directives that this program needs.

Text in, plain data out: files come through a `Files` that is passed in. `parser` builds the `tree`, `lint` runs the
`checks`, and `generate` writes the blocks to paste. The facts are those of PowerMTA's guide; a default that it leaves
open is not assumed here, but reported as missing.
"""

from bouncehandler.pmta_config.checks.acct_file import AcctFile, Command, parse_acct_files
from bouncehandler.pmta_config.checks.unsubscribe_mail import parse_command
from bouncehandler.pmta_config.generate import Installation, generate_blocks
from bouncehandler.pmta_config.lint import lint, run_as_root
from bouncehandler.pmta_config.messages import Severity
from bouncehandler.pmta_config.parser import parse
from bouncehandler.pmta_config.tree import Configuration, SourceLocation

__all__ = [
    "AcctFile",
    "Command",
    "Configuration",
    "Installation",
    "Severity",
    "SourceLocation",
    "generate_blocks",
    "lint",
    "parse",
    "parse_acct_files",
    "parse_command",
    "run_as_root",
]
