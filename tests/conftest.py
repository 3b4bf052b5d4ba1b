"""How property tests draw their examples.

`make test` says the same of the same code every time: its examples are derived from the tests themselves. New ones are
searched with `make search`, which keeps what it finds.
"""

from hypothesis import settings

settings.register_profile("settled", derandomize=True, deadline=None)  # a busy machine is no fault
settings.register_profile("search", max_examples=800, derandomize=False, deadline=None, print_blob=True)
settings.load_profile("settled")
