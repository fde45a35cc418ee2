"""What a process costs is read from /proc, children included; what is not there is said to be not there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.load_usage import Usage, check_pid, spent
from pipeline.errors import UserError

GONE = 2**22 + 1
"""Beyond the largest process number there can be."""
pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="there is no /proc here")


def test_a_tree_of_processes_costs_what_all_of_it_costs():
    alone = spent(os.getpid())
    assert alone.cpu > 0 and alone.rss > 10 * 2**20
    with subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        child.stdout.readline()
        both, own = spent(os.getpid()), spent(child.pid)
        child.communicate(b"\n")
    assert own.rss > 2**20 and both.rss >= alone.rss + own.rss - 2**20


def test_a_process_that_is_not_there_is_one_clear_error():
    assert spent(GONE) is None
    check_pid(None)
    check_pid(os.getpid())
    with pytest.raises(UserError, match=f"there is no process {GONE} on this machine"):
        check_pid(GONE)


def test_cores_are_processor_seconds_per_second():
    assert Usage(60.0, 30.0, 0, 0).cores == 0.5 and Usage(0.0, 0.0, 0, 0).cores == 0.0
