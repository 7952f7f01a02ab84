"""Rows to numbers: cells, comparisons, rankings, and what papers published, as dataclasses and frames without text."""
