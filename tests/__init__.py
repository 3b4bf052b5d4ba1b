"""The tests; README.md beside this file lists what each folder shows."""
