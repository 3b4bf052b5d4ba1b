"""The columns of a bounce by which statistics are kept and reported: the one list of them."""

from typing import Literal, NamedTuple


class Dimension(NamedTuple):
    """One column whose values are counted as they are."""

    name: str
    """As the spool stores it."""
    field: Literal["category", "job_id", "vmta", "source_ip"]
    """Field of `Bounce`."""
    column: str
    """PowerMTA's name in accounting files."""
    table: str
    """Name of the report's table."""
    title: str
    """Title of the report's table."""
    heading: str
    """Heading of the table's first column."""


CATEGORY = Dimension("category", "category", "bounceCat", "categories", "By bounce category", "Category")

DIMENSIONS = (
    CATEGORY,
    Dimension("job", "job_id", "jobId", "jobs", "By job", "Job"),
    Dimension("vmta", "vmta", "vmta", "vmtas", "By VirtualMTA", "VirtualMTA"),
    Dimension("source", "source_ip", "dlvSourceIp", "sources", "By source IP", "Source IP"),
)
"""In the order of the report."""
