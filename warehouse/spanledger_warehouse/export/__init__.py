"""Hand-over of published numbers: FOCUS for finance tools, workbooks, CSV and Parquet files."""
