"""What a statistic is: a name with its unit, meaning and source, from which the Spark columns are declared."""

from __future__ import annotations

from typing import NamedTuple


class Statistic(NamedTuple):
    """One number per source and band.

    Parameters
    ----------
    name, unit, doc
        Column name, unit as astropy writes it, one line of documentation.
    ucd
        Unified Content Descriptor.
    reference
        Author, year and bibcode of the definition; empty for what needs none.
    """

    name: str
    unit: str
    doc: str
    ucd: str = "stat.value"
    reference: str = ""
