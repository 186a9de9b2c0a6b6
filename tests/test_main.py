"""The ``loopgraph`` command and Ctrl-C, before any command has begun and after it has ended."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from support.quick import first_quick

WHILE_IT_LOADS = """
    class Interrupting:
        def find_spec(self, name, *_):
            if name == "loopgraph.commands.report":
                os.kill(os.getpid(), signal.SIGINT)

    sys.meta_path.insert(0, Interrupting())
"""
TWICE = WHILE_IT_LOADS + "    import atexit; atexit.register(os.kill, os.getpid(), signal.SIGINT)\n"
AT_ITS_END = "    import atexit; atexit.register(os.kill, os.getpid(), signal.SIGINT)\n"


@pytest.mark.lengthy
@pytest.mark.parametrize("when", first_quick([WHILE_IT_LOADS, TWICE, AT_ITS_END]))
def test_ctrl_c_leaves_no_traceback(when: str) -> None:
    script = "    import os, signal, sys\n    signal.signal(signal.SIGINT, signal.default_int_handler)\n" + when
    script += '    sys.argv = ["loopgraph", "--version"]\n    from loopgraph.__main__ import main\n    main()\n'
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")
    assert ("loopgraph " in done.stdout) == (when == AT_ITS_END)
