"""What a sandbox may use. A job that takes more is ended, says why, and harms nobody."""

from __future__ import annotations

import os

from tests.contract.sandbox.conftest import OpenSandbox
from tests.contract.sandbox.shell import new_mark, on_host, py, run, sh
from workers.sandbox import Ended

MIB = 1024 * 1024

SHELL_BOMB = "bomb() { bomb | bomb & }; bomb"
PYTHON_BOMB = """
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
"""
THREAD_BOMB = """
import threading, time
for _ in range(500):
    threading.Thread(target=time.sleep, args=(600,)).start()
"""


def test_a_fork_bomb_of_the_shell_ends_quickly(open_here: OpenSandbox) -> None:
    """Either the watcher sees it, or the kernel's limit makes it choke by itself."""
    sandbox = open_here(processes=60)
    seen = sh(sandbox, SHELL_BOMB, timeout_s=60)
    assert seen.result.ended in (Ended.TOO_MANY_PROCESSES, Ended.EXITED)
    assert seen.result.duration_s < 30
    assert sh(sandbox, "echo the next command runs").result.ok


def test_a_fork_bomb_that_does_not_give_up_is_ended(open_here: OpenSandbox) -> None:
    sandbox = open_here(processes=60)
    mark = new_mark()
    seen = run(sandbox, "python3", "-c", PYTHON_BOMB, mark, timeout_s=60)
    assert seen.result.ended is Ended.TOO_MANY_PROCESSES
    assert "60 are allowed" in seen.result.message
    assert not on_host(mark)


def test_the_kernel_bounds_processes_before_the_watcher_looks(open_local: OpenSandbox) -> None:
    """The limit is set, and it binds: the kernel counts this user, which it would not do for root."""
    script = (
        "import os, resource, time\nprint(resource.getrlimit(resource.RLIMIT_NPROC)[1])\n"
        "resource.setrlimit(resource.RLIMIT_NPROC, (20, 20))\n"
        "for number in range(50):\n  try:\n    if os.fork() == 0:\n      time.sleep(600)\n"
        "  except BlockingIOError:\n    break\nprint(number)"
    )
    limit, came_to = map(int, py(open_local(processes=60), script).text.split())
    assert 60 < limit < 60 + 2000  # the kernel counts an ordinary user's other processes as well
    assert came_to < 20


def test_threads_count_as_processes(open_here: OpenSandbox) -> None:
    assert py(open_here(processes=50), THREAD_BOMB).result.ended is Ended.TOO_MANY_PROCESSES


def test_a_busy_command_within_its_limits_is_left_alone(open_here: OpenSandbox) -> None:
    sandbox = open_here(processes=50)
    assert sh(sandbox, "for i in $(seq 30); do sleep 0.5 & done; wait; echo done").text == "done\n"


def test_a_command_that_takes_too_much_memory_is_ended(open_here: OpenSandbox) -> None:
    sandbox = open_here(memory_bytes=150 * MIB)
    seen = py(sandbox, "held = []\nwhile True:\n  held.append(bytearray(1_000_000))", timeout_s=60)
    assert not seen.result.ok
    assert seen.result.ended is Ended.OUT_OF_MEMORY or "MemoryError" in seen.text  # stopped by watcher or by kernel
    assert seen.result.peak_memory_bytes < 1024 * MIB


def test_memory_is_counted_over_all_processes(open_here: OpenSandbox) -> None:
    sandbox = open_here(memory_bytes=150 * MIB)
    hog = "import time; held = b'x' * 60_000_000; time.sleep(600)"
    seen = sh(sandbox, f'for i in 1 2 3 4; do python3 -c "{hog}" & done; wait', timeout_s=60)
    assert seen.result.ended is Ended.OUT_OF_MEMORY
    assert "150 MiB are allowed" in seen.result.message


def test_memory_that_processes_share_is_counted_once(open_here: OpenSandbox) -> None:
    sandbox = open_here(memory_bytes=150 * MIB)
    script = (
        "import os, time\nheld = b'x' * 60_000_000\n"
        "for _ in range(5):\n  if os.fork() == 0:\n    time.sleep(1)\n    os._exit(0)\n"
        "for _ in range(5):\n  os.wait()\n"
    )
    assert py(sandbox, script).result.ok


def test_a_program_may_reserve_more_address_space_than_memory(open_here: OpenSandbox) -> None:
    """Node, Java and Go do; a limit on address space would break them."""
    sandbox = open_here(memory_bytes=200 * MIB)
    assert py(sandbox, "import mmap; mmap.mmap(-1, 4 * 2**30, prot=mmap.PROT_READ); print('ok')").text == "ok\n"


def test_one_endless_file_is_ended(open_here: OpenSandbox) -> None:
    sandbox = open_here(disk_bytes=20 * MIB)
    seen = sh(sandbox, "dd if=/dev/zero of=endless bs=1M count=10000 2>/dev/null", timeout_s=60)
    assert seen.result.ended is Ended.DISK_LIMIT
    assert "20 MiB" in seen.result.message
    assert len(sandbox.read("endless", 100 * MIB)) <= 21 * MIB


def test_many_files_are_ended(open_here: OpenSandbox) -> None:
    sandbox = open_here(disk_bytes=20 * MIB)
    fill = "i=0; while :; do dd if=/dev/zero of=file$i bs=1M count=2 2>/dev/null; i=$((i+1)); done"
    assert sh(sandbox, fill, timeout_s=60).result.ended is Ended.DISK_LIMIT


def test_writing_too_much_counts_also_when_it_was_over_quickly(open_here: OpenSandbox) -> None:
    sandbox = open_here(disk_bytes=5 * MIB)
    script = "for i in 1 2 3 4; do dd if=/dev/zero of=file$i bs=1M count=3 2>/dev/null; done"
    assert sh(sandbox, script).result.ended is Ended.DISK_LIMIT


def test_files_that_are_open_and_deleted_count(open_here: OpenSandbox) -> None:
    sandbox = open_here(disk_bytes=20 * MIB)
    script = (
        "import os, time\nheld = []\nwhile True:\n  held.append(open('x', 'wb'))\n  os.unlink('x')\n"
        "  held[-1].write(b'x' * 5_000_000)\n  held[-1].flush()\n  time.sleep(0.05)"
    )
    assert py(sandbox, script, timeout_s=60).result.ended is Ended.DISK_LIMIT


def test_a_folder_closed_to_its_owner_hides_nothing(open_here: OpenSandbox) -> None:
    sandbox = open_here(disk_bytes=20 * MIB)
    script = "mkdir closed; for i in 1 2 3; do dd if=/dev/zero of=closed/$i bs=1M count=15 2>/dev/null; done"
    assert sh(sandbox, f"{script}; chmod 0 closed; sleep 600", timeout_s=60).result.ended is Ended.DISK_LIMIT


def test_files_without_number_are_ended(open_here: OpenSandbox) -> None:
    sandbox = open_here(files=2000)
    script = "number = 0\nwhile True:\n  open(f'f{number}', 'w').close()\n  number += 1"
    seen = py(sandbox, script, timeout_s=60)
    assert seen.result.ended is Ended.DISK_LIMIT
    assert "2000 are allowed" in seen.result.message


def test_folders_without_end_are_ended(open_here: OpenSandbox) -> None:
    sandbox = open_here()
    script = "import os\nwhile True:\n  os.mkdir('d' * 100)\n  os.chdir('d' * 100)"
    assert py(sandbox, script, timeout_s=60).result.ended is Ended.DISK_LIMIT


def test_after_a_limit_was_passed_the_sandbox_can_be_used(open_here: OpenSandbox) -> None:
    sandbox = open_here(disk_bytes=20 * MIB)
    sh(sandbox, "dd if=/dev/zero of=endless bs=1M count=1000 2>/dev/null")
    assert sh(sandbox, "rm endless; echo room again").text == "room again\n"


def test_a_job_gets_no_more_cpus_than_allowed(open_local: OpenSandbox) -> None:
    assert py(open_local(cpus=1), "import os; print(len(os.sched_getaffinity(0)))").text == "1\n"


def test_a_job_comes_after_hive_itself(open_local: OpenSandbox) -> None:
    seen = py(open_local(), "import os; print(os.nice(0)); print(open('/proc/self/oom_score_adj').read())")
    assert seen.text.split() == [str(min(19, os.nice(0) + 5)), "1000"]


def test_no_core_is_dumped(open_here: OpenSandbox) -> None:
    sandbox = open_here()
    sh(sandbox, "kill -ABRT $$")
    assert sh(sandbox, "ls").text == ""
