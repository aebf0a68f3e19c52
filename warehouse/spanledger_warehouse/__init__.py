"""The ledger: landing → raw → staging → pricing → ledger → marts → published. Knows no orchestrator."""
