"""The parser of PHP: literals as in PHP's manual, nothing run, nothing guessed."""

import re
import time
from contextlib import suppress

import pytest

from bouncehandler.php_import.php import MAX_SIZE, PhpError, Value, parse_script


def values(code: str) -> dict[str, Value]:
    """Values that this code sets."""
    return {name: setting.value for name, setting in parse_script(f"<?php\n{code}".encode()).settings.items()}


def skipped(code: str) -> list[tuple[int, str, str]]:
    """Return the skipped settings of this code, which begins on line 2."""
    return [(left.line, left.name, left.why) for left in parse_script(f"<?php\n{code}".encode()).skipped]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (r"'it\'s \n \\ \x'", r"it's \n \ \x"),
        (r'"a\tb\n\\ \" \' \q"', "a\tb\n\\ \" \\' \\q"),
        (r'"\101\x41\u{41}\u{1F600}"', "AAA\U0001f600"),
        (r'"\xc3\xa9 \303\251 é"', "é é é"),
        (r'"\$x {x} $ 5$"', "$x {x} $ 5$"),
        (r'"\{x} \e[0m\v\f"', "\\{x} \x1b[0m\v\f"),
        (r'"\400"', "\0"),
        ("'a' . \"b\" . 5 . true . null . 'c'", "ab51c"),
        ('<<<X\n  one "two" \\"\n    \\$x\n  X', 'one "two" \\"\n  $x'),
        ("<<<'X'\nraw $x \\n\nX", "raw $x \\n"),
        ('<<<"X"\nX', ""),
        ("array('a', 'b', )", {0: "a", 1: "b"}),
        ("['k' => ['x'], '7' => 1, 'l', true => 2]", {"k": {0: "x"}, 7: 1, 8: "l", 1: 2}),
        ("array()", {}),
        ("TRUE", True),
        ("False", False),
        ("\\null", None),
        ("-5", -5),
        ("017", 15),
        ("0x1F", 31),
        ("0b11", 3),
        ("1_000", 1000),
        ("1.5e3", 1500.0),
        (".5", 0.5),
        ("(('a'))", "a"),
        ("'//' /* c */ . '#' # d\n // e\n", "//#"),
        ("';' . '{' . ')'", ";{)"),
    ],
)
def test_literals(expression: str, value: Value) -> None:
    """Each literal comes to what PHP 8 makes of it."""
    assert values(f"$x = {expression};\n$y = 1;") == {"$x": value, "$y": 1}


def test_ways_to_set() -> None:
    """Variables, `define`, `const` and `[] =` set values, and constants stand for theirs."""
    code = "define('A', 'a'); @DEFINE(\"B\", A . 'b', true); const C = B; $l = [C]; $l[] = A; $l[] = 'x'; $n[] = 1;"
    assert values(code) == {"A": "a", "B": "ab", "C": "ab", "$l": {0: "ab", 1: "a", 2: "x"}, "$n": {0: 1}}


def test_second_time() -> None:
    """A constant keeps its first value, as in PHP, and a variable its last."""
    assert values("define('A', 1); define('A', 2); $a = 1; $a = 2;") == {"A": 1, "$a": 2}
    assert skipped("define('A', 1);\ndefine('A', 2);") == [
        (3, "A", "it is defined a second time, which PHP does not heed")
    ]


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("getenv('KEY')", "a call of getenv()"),
        ("dirname(__FILE__) . '/x'", "a call of dirname()"),
        ("$other", "the variable $other"),
        ('"a $b"', "a string with a variable in it"),
        ('"a {$b}"', "a string with a variable in it"),
        ("<<<X\n$b\nX", "a string with a variable in it"),
        ("NOT_HERE", "NOT_HERE, which this file gives no value"),
        ("new Logging()", "an object"),
        ("require 'x.php'", "what another file returns"),
        ("true ? 'a' : 'b'", "`?`"),
        ("['a', f()]", "a call of f()"),
        ("'a' . ['b']", "a text put together from what is none"),
        ("99999999999999999999", "a number that is too large for PHP"),
        (r'"\xff"', "a text that is not UTF-8"),
        ("", "no whole expression"),
    ],
)
def test_what_is_no_literal(expression: str, what: str) -> None:
    """A value that only running it would yield is skipped, and listed with its line."""
    assert "$x" not in values(f"$x = 1;\n$x = {expression};")
    assert (3, "$x", f"its value is {what}") in skipped(f"$x = 1;\n$x = {expression};")


@pytest.mark.parametrize(
    "code",
    [
        "if (PHP_SAPI == 'cli') { $x = 2; }",
        "if (1) $x = 2; else $x = 3;",
        "if (1): if (2): endif; $x = 2; endif;",
        "foreach ($l as $x) { }",
        "while (f()) { switch (1) { case 'a': $x = 2; } }",
        "try { $x = 2; } catch (E $e) { }",
        "$x .= 'b';",
        "$x['k'] = 1;",
        "array_push($x, 'b');",
        "f($y = ($x = 2));",
        "$y = &$x;",
        "$y = array_shift($x);",
        "$y[] = ($x = 2);",
        "define('Y', f($x));",
        "unset($x);",
        "foreach ($l as $k => $x);",
        "list($x, $y) = [1, 2];",
    ],
)
def test_what_may_change_a_value(code: str) -> None:
    """A value that a condition or a call may change is not certain, and left out."""
    assert "$x" not in values(f"$x = ['a'];\n{code}")
    assert "$x" in [name for _, name, _ in skipped(f"$x = ['a'];\n{code}")]


@pytest.mark.parametrize(
    "code",
    [
        "function f($x) { $x = 2; return; }",
        "final class C { public $x = 2; function g() { $x = 3; } }",
        "$log->lwrite('x=' . (empty($x) ? 'all' : implode(',', $x)));",
        "exit; $x = 2;",
        "$y = ['k' => $x];",
        "/* $x = 2; */ // $x = 3;",
        "?> $x = 2; <b><?php",
    ],
)
def test_what_changes_nothing(code: str) -> None:
    """Functions, classes, text outside of PHP, and unreachable code change no value."""
    assert values(f"$x = ['a'];\n{code}")["$x"] == {0: "a"}


def test_shape_of_the_file() -> None:
    """A byte order mark, a first line for the shell, Windows' line ends and several parts are all right."""
    code = b"\xef\xbb\xbf#!/usr/bin/php\r\n<?php\r\n$a = 1;\r\n?>\r\ntext\r\n<?php $b = <<<X\r\none\r\nX;\r\n"
    script = parse_script(code)
    assert {name: (one.value, one.line) for name, one in script.settings.items()} == {"$a": (1, 3), "$b": ("one", 6)}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it has no PHP in it"),
        (b"[providers.news]\n", "it has no PHP in it"),
        (b"\x7fELF\0\0", "it holds NUL bytes"),
        (b"<?php\n$x = 'a;\n", "line 2: a string that begins here has no end"),
        (b"<?php\n\n/* x", "line 3: a comment that begins here has no end"),
        (b"<?php $x = <<<X\na\n", "line 1: a string that begins here with <<< has no end"),
        (b"<?php\nif (1) {", "line 2: `{` is never closed"),
        (b"<?php\n$x = [1);", "line 2: `)` closes nothing"),
        (b"<?php\n$x = `id`;", "line 2: a command in backquotes"),
        (b'<?php\n$x = "\\u{110000}";', "line 2: the string that begins here has an escape"),
        (b"<?php $x = " + b"[" * 100 + b"]" * 100 + b";", "line 1: arrays are nested more than 32 deep"),
        (b"<?php " + b"{" * 100 + b"}" * 100, "line 1: blocks are nested more than 64 deep"),
        (b"<?php " + b"if(1) " * 5000 + b"f();", "line 1: conditions are nested more than 64 deep"),
        (b"<?php " + b" " * MAX_SIZE, "it is longer than"),
    ],
)
def test_what_can_not_be_read(data: bytes, why: str) -> None:
    """A file that is damaged, hostile or something else altogether gets one sentence."""
    with pytest.raises(PhpError, match=re.escape(why)) as caught:
        parse_script(data)
    assert str(caught.value).startswith(why)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "unit",
    [
        b"$a[]=1;",
        b"1,",
        b"define('A',1);",
        b"f($a);",
        b"f($a,",
        b"/**/",
        b"'a'.",
        b"if(1):endif;",
        b"<<<",
        b"\\",
        b"?><?php ",
    ],
    ids=repr,
)
def test_large_files_take_little_time(unit: bytes) -> None:
    """The time grows with the file, not with its square: the largest that is read takes seconds at most."""
    data = b"<?php " + unit * (MAX_SIZE // 4 // len(unit))
    started = time.process_time()
    with suppress(PhpError):
        parse_script(data)
    assert time.process_time() - started < 3
