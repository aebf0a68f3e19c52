"""Where the SDK meets HTTP libraries: patches, and what stands between a response and its reader."""
