"""One Dagster asset per table; assets only wire, the warehouse does the work."""
