"""`python -m bench.synthetic --crates 200000 --data-dir FOLDER [--database URL] [--index]`."""

import argparse
import os
import sys
import time

import django
from django.core.management import call_command


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.synthetic", description=__doc__)
    parser.add_argument("--crates", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data-dir", required=True, help="DATA_DIR, where SQLite's file lies too")
    parser.add_argument("--database", help="DATABASE_URL of an empty PostgreSQL database")
    parser.add_argument("--index", action="store_true", help="write the files of the index, too")
    options = parser.parse_args()
    os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": options.data_dir}
    if options.database:
        os.environ["DATABASE_URL"] = options.database
    django.setup()
    call_command("migrate", verbosity=0, interactive=False)

    # What needs settings can only be imported now.
    from bench.synthetic.registry import Registry  # noqa: PLC0415
    from registry.operations import index  # noqa: PLC0415

    started = time.perf_counter()
    counts = Registry(options.crates, options.seed).load()
    for table, rows in counts.items():
        print(f"{rows:12,} {table}")
    print(f"{time.perf_counter() - started:12.1f} seconds")
    if options.index:
        started = time.perf_counter()
        print(f"{index.rebuild():12,} index files")
        print(f"{time.perf_counter() - started:12.1f} seconds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
