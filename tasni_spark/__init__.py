"""TASNI: a search of the infrared sky for cold, faint and strange sources, on Apache Spark."""

__version__ = "0.1.0"
