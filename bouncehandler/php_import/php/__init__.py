"""Parses the constants and variables of a PHP file of settings, without ever running it.

`tokens` splits the text, `strings` decodes its strings, `blocks` finds the statements, `values` evaluates expressions
of literals, `statements` collects the settings. Other values, such as calls or conditions, are skipped and listed.
"""

from bouncehandler.php_import.php.data import Array, PhpError, Script, Setting, SkippedSetting, Value
from bouncehandler.php_import.php.statements import MAX_SIZE, parse_script

__all__ = ["MAX_SIZE", "Array", "PhpError", "Script", "Setting", "SkippedSetting", "Value", "parse_script"]
