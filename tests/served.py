"""Commands of Fourfold in tests: real processes, forked from one that has imported everything.

Half of what a command of a tiny project costs is importing. `COMMAND` is what tests start in
place of ``python -m fourfold``: a small program that asks the server, which forks, and passes on
signals and the exit code. The command has the files, folder and arguments of that program. Where
there is no server, or the environment is another one, it becomes ``python -m fourfold`` itself.
"""

import array
import json
import os
import signal
import socket
import struct
import sys

#: Where the server listens.
ADDRESS = "FOURFOLD_TEST_SERVER"
#: In place of ``python -m fourfold``, and of another module.
MODULE = (sys.executable, "-I", "-S", __file__)
COMMAND = (*MODULE, "fourfold")
#: Without the server: where the process itself is killed, suspended or looked at.
ITSELF = (sys.executable, "-m", "fourfold")
#: Variables that are read while something is imported; all others are the command's own.
_IMPORTED = (
    *("PYTHON", "PATH", "VIRTUAL_ENV", "HOME", "XDG_", "TMP", "TEMP", "TZ", "LANG", "LC_", "TERM"),
    *("FORCE_COLOR", "JUPYTER", "IPYTHON", "MPL", "OPENBLAS_", "OMP_NUM", "MKL_", "FOURFOLD_"),
)
_FREE = {ADDRESS, "PYTHONHASHSEED"}
_PASSED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1)
_LENGTH = struct.Struct("!i")


def _of_import(environment: dict[str, str]) -> dict[str, str]:
    names = {name for name in environment if name.startswith(_IMPORTED)} - _FREE
    return {name: environment[name] for name in names}


def ask(module: str, arguments: list[str]) -> None:
    """Have the server run a module, or become that module."""
    itself = [sys.executable, "-m", module, *arguments]
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(os.environ[ADDRESS])
    except (KeyError, OSError):
        os.execv(sys.executable, itself)
    environment = dict(os.environ)
    content = json.dumps([os.getcwd(), module, arguments, environment]).encode()
    files = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))]
    connection.sendmsg([_LENGTH.pack(len(content))], files)
    connection.sendall(content)
    if not (pid := _number(connection)):
        os.execv(sys.executable, itself)
    for number in _PASSED:
        signal.signal(number, lambda number, _: os.kill(pid, number))
    code = _number(connection)
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _number(connection: socket.socket) -> int:
    got = connection.recv(_LENGTH.size, socket.MSG_WAITALL)
    return _LENGTH.unpack(got)[0] if len(got) == _LENGTH.size else 1


def serve(address: str) -> None:
    """Answer until whoever started the server is gone."""
    from importlib import import_module

    from fourfold.records.ipynb import defer_grammar

    ours, parent = _of_import(dict(os.environ)), os.getppid()
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(address)
    listening.listen(256)
    listening.settimeout(1)
    defer_grammar()
    for name in ("cli.main", "cli.execute", "run.batch", "cli.summary", "report.report"):
        import_module(f"fourfold.{name}")
    import gc

    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while os.getppid() == parent:
        try:
            connection, _ = listening.accept()
        except TimeoutError:
            continue
        if os.fork():
            connection.close()
            continue
        listening.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _answer(connection, ours)


def _answer(connection: socket.socket, ours: dict[str, str]) -> None:
    connection.settimeout(None)
    space = socket.CMSG_SPACE(3 * array.array("i").itemsize)
    head, files, *_ = connection.recvmsg(_LENGTH.size, space)
    (length,) = _LENGTH.unpack(head)
    folder, module, arguments, environment = json.loads(connection.recv(length, socket.MSG_WAITALL))
    if _of_import(environment) != ours:
        connection.sendall(_LENGTH.pack(0))
        os._exit(0)
    given = array.array("i")
    given.frombytes(files[0][2])
    if pid := os.fork():
        for number in given:
            os.close(number)
        connection.sendall(_LENGTH.pack(pid))
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        connection.sendall(_LENGTH.pack(status))
        os._exit(0)
    connection.close()
    for place, number in enumerate(given):
        os.dup2(number, place)
        os.close(number)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    _become(module, arguments, folder)


def _become(module: str, arguments: list[str], folder: str) -> None:
    """Be ``python -m MODULE`` until it ends."""
    import runpy
    import threading
    import traceback

    sys.argv, sys.path[0] = [module, *arguments], folder
    for stream, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        mode, buffering = ("r", -1) if number == 0 else ("w", -1)
        setattr(sys, stream, open(number, mode, buffering, closefd=False))  # noqa: SIM115
    code = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()
    import atexit

    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        serve(sys.argv[2])
    else:
        ask(sys.argv[1], sys.argv[2:])
