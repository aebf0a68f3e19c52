"""The shell around the warehouse: Dagster definitions, the command line, the demo."""
