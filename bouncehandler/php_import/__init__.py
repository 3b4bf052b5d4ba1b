"""Converts the settings of the PHP handler for PowerMTA (`setup.php`) into a configuration.

`php` parses the file, `mapping` translates its settings, `messages` has the texts, `toml_writer` formats the result.
"""

from bouncehandler.php_import.mapping import ImportResult, import_settings

__all__ = ["ImportResult", "import_settings"]
