"""The tests; README.md beside this file says which folder shows what."""
