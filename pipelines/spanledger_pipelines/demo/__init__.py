"""The demo: the whole path on one machine. Only the provider and the clock are stand-ins."""
