"""PostgreSQL's own mark of what was last written to a row, for judging rows that are not locked."""


def row_version(table: str) -> str:
    """SQL for a text that is another one after every change of the row, and only then.

    It holds the transaction that wrote the row and the place where it lies (PostgreSQL manual, 5.5
    "System Columns"): either alone may come back, or stay the same within one transaction.
    """
    return f"('/' || {table}.xmin || {table}.ctid)"
