"""`spanledger ship`: sealed segments of a spool to a receiver, deleted only after it acknowledged them."""
