"""The archive: every record that was loaded, word for word, as Parquet by day; what `verify` and `rebuild` read.

    archive/records/day=2026-03-10/00000001-00000007.0.parquet    lines of records, by the day they belong to
    archive/files/00000001-00000007.parquet                       the files that they came in, and what was refused

A batch is archived when its row file in `files/` is there: it is written last, so what a death leaves behind is swept
by the next. A part says in its name which batches it holds; one that lies within another is what compaction left.
"""
