"""A network namespace of its own for the lab, and the certainty that nothing of it survives.

Two processes share the work.  The *outer* one makes the state folder, starts the *inner* one inside new namespaces, and
removes the folder afterwards.  The inner one is the parent of every server and of the user's command.  They are tied
together by a FIFO in the state folder: its write end is held by the outer process alone, so that when that process ends,
in whatever way, the inner one sees the end of file and ends everything.  Where a PID namespace can be had, the inner
process is its init, and the kernel ends all processes in it together with it.

What can be had differs: root needs no user namespace; an ordinary user gets one with `unshare -r` and is root in it,
but with a single uid, so no server can change its user; where user namespaces are forbidden only sudo is left; inside a
chroot there is neither a private mount namespace nor a user namespace, but root gets a network namespace.
"""

import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

# Where the lab's clients ask from: public-looking, so that servers and resolvers treat it as any other client.
CLIENT_V4 = "45.76.0.10"
CLIENT_V6 = "2a0e:b100::10"
# Where the lab's resolver asks from.
RESOLVER_V4 = "45.76.0.53"
RESOLVER_V6 = "2a0e:b100::53"

ALIVE = "alive"
_LOCK = "lock"
_PR_SET_PDEATHSIG = 1
# Paths of UNIX sockets may have 107 octets; the longest socket name below the state folder takes about 30 of them.
_STATE_PATH_LENGTH_MAX = 70

# From the most to the least isolation.  A private /proc shows the lab's processes only; a private mount namespace lets
# /etc/resolv.conf name the lab's resolver.
_FEATURES = (
    ("--net", "--pid", "--fork", "--kill-child", "--mount-proc"),
    ("--net", "--pid", "--fork", "--kill-child", "--mount"),
    ("--net", "--pid", "--fork", "--kill-child"),
    ("--net",),
)

_OWN_MOUNTS = {"--mount", "--mount-proc"}

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    """Asks the kernel to end this process when its parent ends.  Runs between fork and exec."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _unshare_command():
    """The beginning of the command that enters the namespaces, found by trying."""
    ways = [()] if os.geteuid() == 0 else [("--map-root-user",)]
    for way in ways:
        for features in _FEATURES:
            command = ["unshare", *way, *features]
            if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
                return command
    if os.geteuid() != 0 and shutil.which("sudo"):
        return ["sudo", "unshare", *_FEATURES[2]]
    sys.exit("scripts/lab: no network namespace to be had: neither as root, nor with `unshare -rn`, nor with sudo")


def _claim(folder):
    """The folder's lock, or None when a living lab holds it."""
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return lock
    except OSError:
        os.close(lock)
        return None


@contextlib.contextmanager
def _state_folder(build, keep):
    """A new folder lab-XXXX below `build`, or below the temporary folder where that cannot be written or is too long.

    Folders of labs that were killed are removed on the way; a folder is dead when its lock is free.
    """
    try:
        build.mkdir(exist_ok=True)
        writable = os.access(build, os.W_OK) and len(str(build)) <= _STATE_PATH_LENGTH_MAX
    except OSError:
        writable = False
    base = build if writable else Path(tempfile.gettempdir())
    guard = os.open(base, os.O_RDONLY | os.O_CLOEXEC)
    fcntl.flock(guard, fcntl.LOCK_EX)  # Nobody may take a folder for dead between its making and its locking.
    for old in base.glob("lab-*"):
        with contextlib.suppress(OSError):
            if not (old / "keep").exists() and (lock := _claim(old)) is not None:
                os.close(lock)
                shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix="lab-", dir=base))
    folder.chmod(0o755)
    lock = _claim(folder)
    if keep:
        (folder / "keep").touch()
    os.close(guard)
    try:
        yield folder
    finally:
        if keep:
            print(f"scripts/lab: kept {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def run_outer(script, build, arguments, keep):
    """Runs `script --inside STATE ARGUMENTS…` in new namespaces; returns its exit status."""
    command = _unshare_command()
    with _state_folder(build, keep) as folder:
        os.mkfifo(folder / ALIVE)
        # Opened for both directions, so that this does not wait for the reader; the inner process opens its own end.
        alive = os.open(folder / ALIVE, os.O_RDWR | os.O_CLOEXEC)
        released = []

        def release(*_):
            if not released:
                released.append(True)
                os.close(alive)

        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, release)
        if sys.stdin.isatty():
            # Ctrl-C reaches the command itself through the terminal; this process waits for its end.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        elif signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
            signal.signal(signal.SIGINT, release)
        inside = ["--inside", str(folder), "own-mounts" if _OWN_MOUNTS & set(command) else "host-mounts"]
        inner = subprocess.Popen(
            [*command, sys.executable, "-B", script, *inside, *arguments], preexec_fn=_restore_interrupt
        )
        status = inner.wait()
        return 128 - status if status < 0 else status


def _restore_interrupt():
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    die_with_parent()


class Ended(Exception):
    """The lab was told to end, by a signal or by the end of the outer process."""


def watch_outer(folder):
    """Turns SIGTERM, SIGHUP and the end of the outer process into `Ended` in the main thread."""

    def end(*_):
        # Once is enough; the clearing up that follows is not to be disturbed.
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        raise Ended

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)

    # Opened without blocking: the outer process may have ended before it, and then there is nobody to wait for.
    alive = os.open(folder / ALIVE, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    os.set_blocking(alive, True)

    def wait_for_end():
        os.read(alive, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait_for_end, daemon=True).start()


def add_address(address):
    """Gives the namespace an address of its own, for what looks at interfaces instead of routes.

    Without `nodad`, an IPv6 address cannot be a source for its first moments, on `lo` too.
    """
    family, length = ("-6", 128) if ":" in address else ("-4", 32)
    options = ["nodad"] if family == "-6" else []
    subprocess.run(["ip", family, "addr", "add", f"{address}/{length}", "dev", "lo", *options], check=True)


def set_up_network(state, own_mounts):
    """Inside the namespace: every address of the world is this machine's.

    With a mount namespace of our own, /etc/resolv.conf names the lab's resolver; the host's file is never touched.
    """
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    add_address(CLIENT_V4)
    add_address(CLIENT_V6)
    for line in (
        f"route add local 0.0.0.0/0 dev lo src {CLIENT_V4}",
        f"-6 route add local ::/0 dev lo src {CLIENT_V6}",
    ):
        subprocess.run(["ip", *line.split()], check=True)
    # A local route is enough to bind any IPv4 address; IPv6 wants this as well.  The setting is the namespace's own.
    Path("/proc/sys/net/ipv6/ip_nonlocal_bind").write_text("1\n")
    if not own_mounts:
        return
    resolv = state / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.1\n")
    # A machine without the file, or with a link into nowhere, keeps what it has: only convenience is lost.
    subprocess.run(["mount", "--bind", resolv, os.path.realpath("/etc/resolv.conf")], capture_output=True, check=False)
