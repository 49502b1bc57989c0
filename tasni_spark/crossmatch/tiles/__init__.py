"""The fast engine: from the Delta log to boxes, to workers that read Parquet, to a compiled kernel; no shuffle."""
