"""The ledger and mart models on an engine beyond one machine: Spark, or whatever else speaks Spark Connect."""
