"""PowerMTA's configuration: parsed, and checked for the directives that this program needs.

Text in, plain data out: files come through a `Files` that is passed in. `parser` builds the `tree`, `lint` runs the
`checks`, and `generate` writes the blocks to paste. The facts are those of PowerMTA's guide; a default that it leaves
open is not assumed here, but reported as missing.
"""
