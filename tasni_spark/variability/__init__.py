"""The time domain: visits, trends, periods and verdicts from single exposures; pure kernels, no Spark."""
