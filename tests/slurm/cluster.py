"""A real Slurm on this machine, for tests: `python -m tests.slurm.cluster` starts one and stops it at Ctrl-C.

It needs root, for /etc/slurm/slurm.conf (the executor's job step forgets SLURM_CONF) and for device nodes. That file
is a link into the cluster's folder: by it the next start finds, and ends, what a killed test has left.
"""

import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator

from tests.slurm.daemons import Daemons
from tests.slurm.shape import Shape, gres_conf, slurm_conf, slurmdbd_conf

LINK = Path("/etc/slurm/slurm.conf")
ALONE = Path("/run/lock/vlmflow-test-cluster")
POLICY = Path("/usr/sbin/policy-rc.d")
PACKAGES = {  # of Debian, by a program of each; the last two keep accounts
    "munged": "munge",
    "slurmctld": "slurmctld",
    "slurmd": "slurmd",
    "sinfo": "slurm-client",
    "slurmdbd": "slurmdbd",
    "mariadbd": "mariadb-server",
}
PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"


class NotToBeHadError(Exception):
    """No cluster can be had here; the message says why."""


def install() -> None:
    """Install the packages that are missing, without letting them start anything; NotToBeHadError where that fails."""
    if os.geteuid() != 0:
        raise NotToBeHadError("a test cluster needs root")
    if LINK.exists() and not LINK.is_symlink():
        raise NotToBeHadError(f"another Slurm is installed here: {LINK}")
    packages = [package for name, package in PACKAGES.items() if shutil.which(name, path=PATH) is None]
    if not packages:
        return
    if shutil.which("apt-get") is None:
        raise NotToBeHadError("Slurm is not installed, and there is no apt-get")
    sys.stderr.write(f"installing {' '.join(packages)} for the test cluster\n")
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        apt = ("apt-get", "-qq", "-y", "-o", "DPkg::Lock::Timeout=120")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        command = (*apt, "install", "--no-install-recommends", *packages)
        for step in (command, (*apt, "update"), command):
            done = subprocess.run(step, env=environment, stdout=subprocess.DEVNULL)
            if step == command and done.returncode == 0:
                return
        raise NotToBeHadError(f"apt-get cannot install {' '.join(packages)}")
    finally:
        if ours:
            POLICY.unlink()


@contextmanager
def running(shape: Shape) -> Iterator["Cluster"]:
    """Give a cluster of this shape, and stop it; who else wants one waits, for there is one slurm.conf."""
    ALONE.parent.mkdir(parents=True, exist_ok=True)
    with ALONE.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        install()
        if LINK.is_symlink():
            Cluster(LINK.readlink().parent, shape).stop()
        cluster = Cluster(Path(tempfile.mkdtemp(prefix="vlmflow-slurm-")), shape)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()


class Cluster:
    """One cluster; its configuration, logs and state lie in `folder`."""

    def __init__(self, folder: Path, shape: Shape) -> None:
        self.folder = folder
        self.shape = shape
        self.daemons = Daemons(folder)

    def start(self) -> None:
        """Start all daemons and wait until every node is idle; RuntimeError with their logs where that fails."""
        self._configure()
        self._munge()
        if self.shape.accounting:
            self._database()
        self.start_controller()
        for name in self.shape.nodes:
            self.start_node(name)
        self._until(lambda: set(self.ask("sinfo", "-hNo", "%T").split()) == {"idle"}, "idle nodes")

    def stop(self) -> None:
        """Cancel the jobs, end the daemons and remove everything; what is not there any more is no fault."""
        if LINK.is_symlink() and LINK.readlink().parent == self.folder:
            self.ask("scancel", "--quiet", "--full", "--signal=KILL", "--user=root")
            self.ask("scancel", "--quiet", "--user=root")
            deadline = time.monotonic() + 20
            while self.ask("squeue", "-ht", "running,completing") and time.monotonic() < deadline:
                time.sleep(0.2)
            self.daemons.stop()
            LINK.unlink()
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, *command: str) -> str:
        """Return what a Slurm command prints, nothing where it fails."""
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, env={**os.environ, "PATH": PATH})
        return done.stdout.strip() if done.returncode == 0 else ""

    def start_controller(self) -> None:
        """Start the daemon that knows nodes and jobs, for the first time or again."""
        self._daemon("slurmctld", "-D")
        self._until(lambda: self.ask("scontrol", "ping").endswith("UP"), "slurmctld")

    def start_node(self, name: str) -> None:
        """Start the daemon of a node."""
        (self.folder / "spool" / name).mkdir(parents=True, exist_ok=True)
        self._daemon("slurmd", "-D", "-N", name, label=f"slurmd-{name}")

    def mend(self) -> None:
        """Start again what was killed, and wait until every node serves."""
        if self.daemons.lacks("slurmctld"):
            self.start_controller()
        for name in self.shape.nodes:
            if self.daemons.lacks(f"slurmd-{name}"):
                self.start_node(name)
        self._until(lambda: not self.ask("sinfo", "-hN", "--dead", "-o", "%N"), "the nodes to serve again")

    def jobs(self, folder: Path, *fields: str) -> list[list[str]]:
        """Return these fields (of `squeue --Format`) of every job of a folder, ended ones too, an array's one by one."""
        asked = ",".join(f"{field}:|" for field in ("workdir", *fields))
        lines = self.ask("squeue", "--array", "-h", "-t", "all", "-S", "i", "-O", asked).splitlines()
        found = [line.split("|") for line in lines]
        return [values[1 : len(fields) + 1] for values in found if values[0] == str(folder)]

    def _configure(self) -> None:
        self.folder.chmod(0o755)
        for name in ("state", "spool", "devices"):
            (self.folder / name).mkdir()
        host = socket.gethostname().partition(".")[0]
        devices = [self.folder / "devices" / f"gpu{number}" for number in range(self.shape.gpus_per_node)]
        for device in devices:
            os.mknod(device, 0o20666, os.makedev(1, 3))
        (self.folder / "slurm.conf").write_text(slurm_conf(self.shape, self.folder, host))
        (self.folder / "gres.conf").write_text(gres_conf(self.shape, devices))
        for name in ("cgroup.conf", "plugstack.conf"):
            (self.folder / name).touch()
        LINK.parent.mkdir(exist_ok=True)
        LINK.symlink_to(self.folder / "slurm.conf")

    def _munge(self) -> None:
        key, socket_file = self.folder / "munge.key", self.folder / "munge.socket"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o600)
        files = {"key-file": key, "socket": socket_file, "pid-file": self.folder / "munged.pid"}
        files |= {"log-file": self.folder / "munged.log", "seed-file": self.folder / "munged.seed"}
        self._daemon("munged", "--foreground", "--force", *(f"--{name}={path}" for name, path in files.items()))
        self._until(socket_file.exists, "munged")

    def _database(self) -> None:
        """Start MariaDB and slurmdbd; make the account `lab`, of which root is a member."""
        data, password = self.folder / "mysql", secrets.token_hex(16)
        data.mkdir()
        shutil.chown(data, "mysql", "mysql")
        own = ("--no-defaults", "--user=mysql", f"--datadir={data}")
        made = ("mariadb-install-db", *own, "--auth-root-authentication-method=socket", "--skip-test-db")
        subprocess.run(made, check=True, capture_output=True, env={**os.environ, "PATH": PATH})
        files = (f"--socket={data}/socket", f"--pid-file={data}/pid", "--skip-log-bin", "--skip-name-resolve")
        limits = ("--innodb-buffer-pool-size=64M", "--innodb-lock-wait-timeout=900")
        self._daemon("mariadbd", *own, *files, *limits, "--bind-address=127.0.0.1", f"--port={self.shape.port + 2}")
        client = ("mariadb", "--no-defaults", "--user=root", f"--socket={data}/socket", "-e")
        self._until(lambda: bool(self.ask(*client, "select 1")), "mariadbd")
        user = "'slurm'@'127.0.0.1'"
        self.ask(*client, f"create user {user} identified by '{password}'; grant all on slurm.* to {user};")
        settings = self.folder / "slurmdbd.conf"
        host = socket.gethostname().partition(".")[0]
        settings.write_text(slurmdbd_conf(self.shape, self.folder, host, password))
        settings.chmod(0o600)
        self._daemon("slurmdbd", "-D", SLURM_CONF=str(settings))
        self._until(lambda: bool(self.ask("sacctmgr", "-i", "add", "cluster", "test")), "slurmdbd")
        self.ask("sacctmgr", "-i", "add", "account", "lab", "cluster=test")
        self.ask("sacctmgr", "-i", "add", "user", "root", "account=lab")

    def _daemon(self, name: str, *arguments: str, label: str | None = None, **variables: str) -> None:
        program = shutil.which(name, path=PATH)
        assert program is not None, name
        own = {"SLURM_CONF": str(self.folder / "slurm.conf"), **variables}  # gres.conf is looked for beside it
        self.daemons.start(label or name, program, *arguments, **own)

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + 180
        while not holds():
            if time.monotonic() > deadline:
                raise RuntimeError(f"gave up waiting for {what}\n{self.daemons.told()}")
            time.sleep(0.1)


if __name__ == "__main__":
    with running(Shape(accounting="--accounting" in sys.argv)) as cluster:
        sys.stderr.write(f"up: {cluster.folder}\n{cluster.ask('sinfo')}\n")
        signal.pause()
