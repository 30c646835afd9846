"""How much memory a child process of a test took."""

from __future__ import annotations

OWN_PEAK = '''
def own_peak():
    """Bytes: the most this program took. getrusage would count what the process it was forked from had taken."""
    try:
        lines = open("/proc/self/status").read().splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024
'''
"""Source of `own_peak()` for the program of a child; `resource` has to be imported."""
