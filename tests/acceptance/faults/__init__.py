"""The worst that can be done to the program, and what is lost by it: nothing.

Each module has a tuple `FAULTS`; `python -m tests.acceptance.faults` does them and prints the table, `test_faults.py`
does each of them in short.
"""
