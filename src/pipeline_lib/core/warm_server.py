"""A process that has loaded some libraries, and forks for every job that asks: such a job starts at once.

It runs as a program of its own and never imports this package, so that every job loads the code that lies there then.
Its socket carries one line of JSON (Request) with the asking process's standard streams, and back the number of the
forked process, then how that ended. It ends when the process that it serves and its last job have ended.
"""

import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import struct
import sys
from typing import NamedTuple

EXISTS = 3  # exit code where another process serves under this name already
STREAMS = 3  # standard input, output and error
LONGEST = 1 << 22  # bytes of a request: command lines and variables of the environment are shorter


class Request(NamedTuple):
    """A job: its command line, which begins with the script, and where and with what it runs."""

    arguments: list[str]
    folder: str
    environment: dict[str, str]
    umask: int


def send(connection: socket.socket, request: Request) -> None:
    """Send a request with the standard streams of this process."""
    line = json.dumps(request).encode() + b"\n"
    socket.send_fds(connection, [line[:1]], list(range(STREAMS)))
    connection.sendall(line[1:])


def receive(connection: socket.socket) -> tuple[Request, list[int]]:
    """Return a request and the streams that came with it."""
    line, streams, _, _ = socket.recv_fds(connection, 1, STREAMS)
    while not line.endswith(b"\n"):
        part = connection.recv(1 << 16)
        if not part or len(line) > LONGEST:
            raise ValueError("a request broke off")
        line += part
    return Request(*json.loads(line)), streams


def is_ours(connection: socket.socket) -> bool:
    """Return whether the other end belongs to the person whom this process belongs to."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, person, _ = struct.unpack("3i", credentials)
    return bool(person == os.getuid())


class Server:
    """Accepts requests and forks for each, until the process that it serves has ended and all jobs have."""

    def __init__(self, door: socket.socket, served: int) -> None:
        self._jobs: dict[int, socket.socket] = {}  # the asking process's connection, by the number of the job's process
        self._door, self._served = door, served
        self._ends, self._wake = socket.socketpair()
        self._events = selectors.DefaultSelector()
        for file in (door, served, self._ends):
            self._events.register(file, selectors.EVENT_READ)
        self._wake.setblocking(False)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    def serve(self) -> Request | None:
        """Return None in the server, at its end, and a request in each process that is forked for one."""
        over = False
        while not (over and not self._jobs):
            for key, _ in self._events.select():
                if key.fileobj == self._door:
                    request = self._fork()
                    if request is not None:
                        return request
                elif key.fileobj == self._served:
                    over = True
                    self._events.unregister(self._served)
                elif key.fileobj == self._ends:
                    self._ends.recv(1 << 12)
                    self._report()
                elif key.data in self._jobs:  # not one that ended in this very moment
                    self._kill(key.data)
        return None

    def _fork(self) -> Request | None:
        """Return None in the server, the request in the new process."""
        connection, _ = self._door.accept()
        try:
            if not is_ours(connection):
                raise ValueError("another person asks")
            request, streams = receive(connection)
        except (ValueError, OSError):
            connection.close()
            return None
        number = os.fork()
        if number == 0:
            self._leave(connection)
            become(request, streams)
            return request
        for stream in streams:
            os.close(stream)
        os.setpgid(number, number)
        self._jobs[number] = connection
        self._events.register(connection, selectors.EVENT_READ, number)
        _tell(connection, number)
        return None

    def _leave(self, connection: socket.socket) -> None:
        """Let go, in a new process, of all that is the server's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._events.close()
        for open_socket in (self._door, self._ends, self._wake, connection, *self._jobs.values()):
            open_socket.close()
        os.close(self._served)

    def _report(self) -> None:
        """Tell those who asked how their jobs have ended."""
        while self._jobs:
            number, status = os.waitpid(-1, os.WNOHANG)
            if number == 0:
                return
            connection = self._jobs.pop(number)
            self._events.unregister(connection)
            _tell(connection, os.waitstatus_to_exitcode(status))
            connection.close()

    def _kill(self, number: int) -> None:
        """Kill a job whose asking process is gone, as if it were that process; nobody speaks on a connection else."""
        self._events.unregister(self._jobs[number])
        self._jobs[number].close()
        os.killpg(number, signal.SIGKILL)
        os.waitpid(number, 0)
        del self._jobs[number]


def become(request: Request, streams: list[int]) -> None:
    """Make this process run as the asking one would."""
    os.setpgid(0, 0)  # signals come from the asking process alone, once each
    for stream, target in zip(streams, range(STREAMS), strict=True):
        os.dup2(stream, target)
        os.close(stream)
    os.chdir(request.folder)
    os.umask(request.umask)
    os.environ.clear()
    os.environ.update(request.environment)
    sys.argv = request.arguments


def _tell(connection: socket.socket, number: int) -> None:
    try:
        connection.sendall(f"{number}\n".encode())
    except OSError:
        return  # it is gone, which the next look at its connection shows


def main() -> None:
    """Take a name, then in the background load libraries and serve; in a forked process run what was asked for.

    The arguments are the name, the number of the process that is served, and the libraries.
    """
    door = socket.socket(socket.AF_UNIX)
    try:
        door.bind(f"\0{sys.argv[1]}")
    except OSError:
        sys.exit(EXISTS)
    served = os.pidfd_open(int(sys.argv[2]))
    door.listen()
    if os.fork():
        os._exit(0)  # who started this can ask from now on, and is no parent of the jobs
    os.setpgid(0, 0)  # an interrupt from the terminal reaches jobs by those who asked
    for library in sys.argv[3:]:
        importlib.import_module(library)
    gc.collect()
    gc.freeze()  # so that collecting garbage copies no memory in the forked processes
    request = Server(door, served).serve()
    if request is None:
        os._exit(0)  # nothing is left to do, and taking libraries down takes a second
    runpy.run_path(request.arguments[0], run_name="__main__")


if __name__ == "__main__":
    main()
