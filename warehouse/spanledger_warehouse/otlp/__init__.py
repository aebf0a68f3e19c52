"""OTLP spans to records: one converter for the receiver, for a Collector's files and for every dialect. Pure.

`protobuf.records(message)` and `json_lines.records(document)` yield one `span` record (record format version 1) for
each span. `convert` holds what both share, `names` the table of attributes.
"""
