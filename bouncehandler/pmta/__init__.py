"""PowerMTA's configuration: read as it is written, and examined for what this program needs of it.

Text in, plain data out: files come through a `Files` that is passed in. `parser` reads, `acct_file` understands where
accounting goes, `examination` says what is missing or wrong, line by line, and `blocks` writes what to paste. The facts
are those of PowerMTA's guide; what it leaves open is nowhere decided here, but asked to be written down.
"""

from bouncehandler.pmta.acct_file import AcctFile, Command, acct_files
from bouncehandler.pmta.blocks import Installation, blocks_for
from bouncehandler.pmta.examination import examine, run_as_root
from bouncehandler.pmta.mail import command_of
from bouncehandler.pmta.parser import Files, parse
from bouncehandler.pmta.remarks import Grade, Remark
from bouncehandler.pmta.tree import Block, Configuration, Directive, Place

__all__ = [
    "AcctFile",
    "Block",
    "Command",
    "Configuration",
    "Directive",
    "Files",
    "Grade",
    "Installation",
    "Place",
    "Remark",
    "acct_files",
    "blocks_for",
    "command_of",
    "examine",
    "parse",
    "run_as_root",
]
