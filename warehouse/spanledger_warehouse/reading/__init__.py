"""Read-only answers from the published file: the documented questions, and how one cost came about."""
