"""From files of records to `raw`: find, inspect, load once, quarantine what cannot be accepted."""
