"""Turns the settings of the PHP handler for PowerMTA (`setup.php`) into a configuration, and tells what has changed.

`moved` is the door. `mapping` knows the old names, `remarks` what to say of them, `toml` how it is written.
"""

from bouncehandler.php_import.mapping import ImportResult, moved

__all__ = ["ImportResult", "moved"]
