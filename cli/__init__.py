"""The command line: a thin face on the pipeline. Importing it imports nothing."""

from __future__ import annotations


def main() -> None:
    """Run the command line on the arguments of this process and end the process with its exit code."""
    import sys

    from .entry import execute

    sys.exit(execute(sys.argv[1:]))
