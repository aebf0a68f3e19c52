"""The dashboard: one page over the published marts, served or written as one self-contained file."""
