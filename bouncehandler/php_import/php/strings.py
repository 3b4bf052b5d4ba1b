"""Decodes the escapes of each kind of PHP string, as in PHP's manual.

Text is UTF-8 with surrogate escapes, since a PHP string is any bytes.
"""

import re

from bouncehandler.php_import.php.data import PhpError

_SINGLE = re.compile(r"\\([\\'])")
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|u\{([0-9A-Fa-f]{1,8})\}|(.))", re.DOTALL)
_NAMED = {"n": "\n", "t": "\t", "r": "\r", "v": "\v", "e": "\x1b", "f": "\f", "\\": "\\", "$": "$"}
_VARIABLE = re.compile(r"\\.|(\$[A-Za-z_\x80-\U0010ffff{])|(\{\$)", re.DOTALL)
_LAST_CODE_POINT = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


def decode_single_quoted(body: str) -> str:
    """Decode `'...'`, in which backslash and quote are escaped."""
    return _SINGLE.sub(r"\1", body)


def decode_double_quoted(body: str, quote: str = '"') -> str:
    """Decode `"..."`, or with an empty `quote` a heredoc, in which quotes keep their backslashes.

    Raises:
        PhpError: an escape is no character; PHP rejects it, too.
    """

    def replaced(match: re.Match[str]) -> str:
        octal, two, code_point, one = match.groups()
        if octal or two:
            value = int(octal, 8) & 0xFF if octal else int(two, 16)
            return bytes([value]).decode("utf-8", "surrogateescape")
        if code_point:
            return _character(int(code_point, 16))
        if one == "u":
            return match[0]
        return _NAMED.get(one, one if one == quote else match[0])

    expanded = _ESCAPE.sub(replaced, body)
    return expanded.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")  # runs of bytes are UTF-8


def is_interpolated(body: str) -> bool:
    """Whether the string contains a variable."""
    return any(match[1] or match[2] for match in _VARIABLE.finditer(body))


def remove_indentation(body: str, indentation: str) -> str:
    """Remove the indentation of the closing name from the lines of a heredoc (PHP 7.3).

    Raises:
        PhpError: a line is indented by less.
    """
    if not indentation:
        return body
    lines = body.split("\n")
    if any(line.strip() and not line.startswith(indentation) for line in lines):
        raise PhpError("the string that begins here has a line that is indented less than its end")
    return "\n".join(line.removeprefix(indentation) for line in lines)


def _character(code_point: int) -> str:
    if code_point > _LAST_CODE_POINT or code_point in _SURROGATES:
        raise PhpError("the string that begins here has an escape \\u{...} that is no character")
    return chr(code_point)
