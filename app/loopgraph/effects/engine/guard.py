"""Keeps the embedded engine from outliving its owner. A program of its own, not a module: it imports nothing of loopgraph.

    python -I -S guard.py LIFELINE LOCK COMMAND...

Between the owner and the engine stands this small process. LIFELINE is the read end of a pipe whose write end only the
owner has, so end-of-file means: the owner closed it, or is gone, however it went. LOCK is the descriptor of the flock'ed
file; the engine inherits it, so the file stays locked exactly as long as one of the two is alive. The guard writes the
engine's pid to stdout, stops the engine on end-of-file, SIGTERM or SIGHUP, and exits with the engine's exit code.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable

GRACE_S = 10.0
"""How long the engine may take to stop cleanly before it is killed. It takes about 0.4 s."""

STOP_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def dies_with(parent: int) -> Callable[[], None] | None:
    """What the child runs before exec so that the kernel kills it when ``parent`` dies, even by SIGKILL.

    Only Linux has this. On macOS an engine whose guard was killed lives on: processes of its folder still find it by
    its address and use it, and a SIGTERM to its pid stops it.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def before_exec() -> None:
        if libc.prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
        if os.getppid() != parent:  # it died before the line above took effect
            os._exit(1)

    return before_exec


def stop(engine: "subprocess.Popen[bytes]") -> None:
    """End the engine cleanly, or by force after the grace period."""
    engine.terminate()
    try:
        engine.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        engine.kill()
        engine.wait()


def main(lifeline: int, lock: int, command: list[str]) -> int:
    """Run ``command`` until it ends or has to end; its exit code, 128 + n for signal n."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the owner to decide about
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    for number in (*STOP_SIGNALS, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)  # a handler must be there for the wake-up byte to be written

    engine = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        pass_fds=(lock,),
        preexec_fn=dies_with(os.getpid()),
    )
    with contextlib.suppress(BrokenPipeError):  # the owner is gone already; the lifeline says so too
        os.write(1, b"%d\n" % engine.pid)
    os.close(1)

    while engine.poll() is None:
        ready, _, _ = select.select([lifeline, wake], [], [])
        if lifeline in ready or set(STOP_SIGNALS) & set(os.read(wake, 64)):
            stop(engine)
    return engine.returncode if engine.returncode >= 0 else 128 - engine.returncode


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
