"""Runs a module (`venv`, `pip`) as the leader of a process group, so that a cancel ends all it has started.

    python -I lead.py MODULE [ARGUMENTS]

On its own, with the standard library of any Python from 3.9 on.
"""

import os
import runpy
import sys

if hasattr(os, "setsid") and os.getpgrp() != os.getpid():
    os.setsid()
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
