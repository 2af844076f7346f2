"""Fork server: a process with loaded libraries that forks for every job, so that the job starts without loading them.

It runs as a separate program and never imports this package, so every job loads the current code. A client sends one
line of JSON (`Request`) with its standard streams; the server answers with the process ID of the fork, then with its
exit code. The server exits when the process that it serves and its last job have ended.
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

EXISTS = 3  # exit code if another server already uses this name
STREAMS = 3  # standard input, output and error
LONGEST = 1 << 22  # bytes of a request; a command line with its environment is shorter


class Request(NamedTuple):
    """A job: its command line, which begins with the script, its working directory, environment and umask."""

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
    """Return a request and its standard streams."""
    line, streams, _, _ = socket.recv_fds(connection, 1, STREAMS)
    while not line.endswith(b"\n"):
        part = connection.recv(1 << 16)
        if not part or len(line) > LONGEST:
            raise ValueError("the request is incomplete")
        line += part
    return Request(*json.loads(line)), streams


def is_same_user(connection: socket.socket) -> bool:
    """Return whether the same user runs the other end of the connection."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", credentials)
    return bool(user == os.getuid())


class Server:
    """Accepts requests and forks for each, until the served process and all jobs have ended."""

    def __init__(self, listener: socket.socket, served: int) -> None:
        self._jobs: dict[int, socket.socket] = {}  # the client's connection by the process ID of its job
        self._listener, self._served = listener, served
        self._ends, self._wake = socket.socketpair()
        self._events = selectors.DefaultSelector()
        for file in (listener, served, self._ends):
            self._events.register(file, selectors.EVENT_READ)
        self._wake.setblocking(False)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    def serve(self) -> Request | None:
        """Serve until the end and return None; in each forked process, return its request."""
        over = False
        while not (over and not self._jobs):
            for key, _ in self._events.select():
                if key.fileobj == self._listener:
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
        """Fork for a request; return it in the new process and None in the server."""
        connection, _ = self._listener.accept()
        try:
            if not is_same_user(connection):
                raise ValueError("another user sent the request")
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
        _send_number(connection, number)
        return None

    def _leave(self, connection: socket.socket) -> None:
        """Close the server's signal handlers, sockets and files in a forked process."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._events.close()
        for open_socket in (self._listener, self._ends, self._wake, connection, *self._jobs.values()):
            open_socket.close()
        os.close(self._served)

    def _report(self) -> None:
        """Send the exit codes of ended jobs to their clients."""
        while self._jobs:
            number, status = os.waitpid(-1, os.WNOHANG)
            if number == 0:
                return
            connection = self._jobs.pop(number)
            self._events.unregister(connection)
            _send_number(connection, os.waitstatus_to_exitcode(status))
            connection.close()

    def _kill(self, number: int) -> None:
        """Kill a job whose client is gone: a client sends nothing after its request, so this event means a close."""
        self._events.unregister(self._jobs[number])
        self._jobs[number].close()
        os.killpg(number, signal.SIGKILL)
        os.waitpid(number, 0)
        del self._jobs[number]


def become(request: Request, streams: list[int]) -> None:
    """Give this process the client's streams, working directory, environment and arguments."""
    os.setpgid(0, 0)  # only the client forwards signals, each once
    for stream, target in zip(streams, range(STREAMS), strict=True):
        os.dup2(stream, target)
        os.close(stream)
    os.chdir(request.folder)
    os.umask(request.umask)
    os.environ.clear()
    os.environ.update(request.environment)
    sys.argv = request.arguments


def _send_number(connection: socket.socket, number: int) -> None:
    try:
        connection.sendall(f"{number}\n".encode())
    except OSError:
        return  # the client is gone; the next event on its connection shows it


def main() -> None:
    """Bind the socket, then load the libraries and serve in the background; in a forked process, run the request.

    The arguments are the socket's name, the process ID of the served process, and the libraries.
    """
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(f"\0{sys.argv[1]}")
    except OSError:
        sys.exit(EXISTS)
    served = os.pidfd_open(int(sys.argv[2]))
    listener.listen()
    if os.fork():
        os._exit(0)  # the caller can connect from now on; it is not the parent of the jobs
    os.setpgid(0, 0)  # the clients forward an interrupt from the terminal to their jobs
    for library in sys.argv[3:]:
        importlib.import_module(library)
    gc.collect()
    gc.freeze()  # garbage collection in a fork then copies no memory pages
    request = Server(listener, served).serve()
    if request is None:
        os._exit(0)  # skips the teardown of libraries, which takes a second
    runpy.run_path(request.arguments[0], run_name="__main__")


if __name__ == "__main__":
    main()
