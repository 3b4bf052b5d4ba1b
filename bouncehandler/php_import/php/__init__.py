"""Reads the constants and variables of a PHP file of settings, without ever running it.

`read` is the door. `tokens` cuts the text up, `strings` reads what stands in quotes, `values` what an expression comes
to, `statements` what is set to it. What is no literal, a call or a condition say, is left out and named with its line.
"""

from bouncehandler.php_import.php.data import Array, PhpError, Script, Setting, SkippedSetting, Value
from bouncehandler.php_import.php.statements import LONGEST, read

__all__ = ["LONGEST", "Array", "PhpError", "Script", "Setting", "SkippedSetting", "Value", "read"]
