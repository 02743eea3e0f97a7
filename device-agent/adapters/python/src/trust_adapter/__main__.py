"""Runs a program that knows nothing of this: `python3 -m trust_adapter PROGRAM.py …` or `… -m trust_adapter -m MODULE …`."""

import os
import runpy
import sys

from trust_adapter import install


def main():
    install()
    if sys.argv[1:2] == ["-m"] and sys.argv[2:]:
        del sys.argv[:2]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    elif sys.argv[1:]:
        del sys.argv[0]
        sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
        runpy.run_path(sys.argv[0], run_name="__main__")
    else:
        sys.exit("usage: python3 -m trust_adapter PROGRAM.py [ARGUMENT…] | -m MODULE [ARGUMENT…]")


main()
