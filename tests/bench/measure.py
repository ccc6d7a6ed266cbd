"""Runs one program and writes down what it took, as JSON. A process of its own, and a small one: the kernel counts the
memory of whoever starts a program as the program's.

usage: measure.py FILE LOG CORES SECONDS COMMAND…    SECONDS: then it gets SIGINT (0: never)
"""

import json
import os
import signal
import sys
import threading
import time


def main(file, log, cores, seconds, command):
    with open(log, "wb") as out:
        started = time.monotonic()
        pid = os.posix_spawnp("taskset", ["taskset", "-c", cores, *command], os.environ, file_actions=[
            (os.POSIX_SPAWN_DUP2, out.fileno(), 1), (os.POSIX_SPAWN_DUP2, out.fileno(), 2)])
        signal.signal(signal.SIGTERM, lambda *_: os.kill(pid, signal.SIGKILL))
        timer = threading.Timer(seconds, os.kill, (pid, signal.SIGINT)) if seconds else None
        if timer:
            timer.start()
        _, status, used = os.wait4(pid, 0)
        took = time.monotonic() - started
        if timer:
            timer.cancel()
    with open(file, "w", encoding="utf-8") as out:
        json.dump({"seconds": took, "user_s": used.ru_utime, "system_s": used.ru_stime,
                   "peak_mib": used.ru_maxrss / 1024, "status": os.waitstatus_to_exitcode(status)}, out)


if __name__ == "__main__":
    main(*sys.argv[1:4], float(sys.argv[4]), sys.argv[5:])
