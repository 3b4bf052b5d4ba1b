"""Faults that the program must survive without a loss.

Each module has a tuple `FAULTS`; `python -m tests.acceptance.faults` does them and prints the table, `test_faults.py`
does each of them in short.
"""
