"""The servers that the clients ask: programs on 127.0.0.1, under one private CA."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Callable, Dict, List

from reach.clients import pages
from support import Environment, run_here

# What the environment of the servers that are written in Python gets.
PACKAGES = ("aiosmtpd", "grpcio", "moto[s3,server]", "websockets")
BACKENDS = Path(__file__).parent / "backends.py"
NGINX = """
    daemon off; master_process off; pid {folder}/pid; error_log {log} info;
    events {{}}
    http {{
        access_log off; client_max_body_size 0;
        client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
        fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
        scgi_temp_path {folder}/scgi;
        ssl_certificate {certificate}; ssl_certificate_key {certificate};
        server {{
            listen 127.0.0.1:{port} ssl;
            location / {{ {answer} }}
        }}
    }}
"""
PROXY = "proxy_pass http://127.0.0.1:{}; proxy_http_version 1.1; proxy_set_header Host $http_host;"
MOSQUITTO = """
listener {port} 127.0.0.1
certfile {certificate}
keyfile {certificate}
allow_anonymous true
sys_interval 1
{user}
"""


class Servers:
    """The servers that were asked for so far; each kind is started once."""

    other_ca: Path  # a file with a CA that vouches for none of them

    def __init__(self, folder: Path, certificate: Path, environment: Environment) -> None:
        """Keep what they write in `folder`; run Python's in `environment`."""
        self.folder, self.certificate, self.environment = folder, certificate, environment
        self.log = folder / "nginx.log"
        self._told = 0
        self.ports: Dict[str, int] = {}
        self.processes: List[subprocess.Popen[bytes]] = []
        self.endings: List[Callable[[], None]] = []

    def address(self, kind: str) -> str:
        """Return where the server of that kind is."""
        if kind not in self.ports:
            start = getattr(self, f"_{kind}", None)
            self.ports[kind] = start() if start else self._backend(kind)
        address = f"localhost:{self.ports[kind]}"
        return f"https://{address}/" if kind in ("https", "s3") else address

    def folder_address(self, folder: Path) -> str:
        """Return where what is in that folder is served over HTTPS."""
        return f"https://localhost:{self._nginx(f'root {folder}; autoindex on;')}/"

    def news(self) -> str:
        """Return what nginx has logged since this was asked: the alerts of clients, too."""
        text = self.log.read_text() if self.log.exists() else ""
        start, self._told = self._told, len(text)
        return text[start:]

    def stop(self) -> None:
        """End all of them."""
        for process in self.processes:
            process.terminate()
            process.wait(30)
            if process.stdout:
                process.stdout.close()
        for end in self.endings:
            end()

    def _start(self, *command: str, **named: object) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            env={"PATH": os.defpath, "HOME": str(self.folder), "LC_ALL": "C.UTF-8"},
            cwd=self.folder,
            **named,  # type: ignore[call-overload]
        )
        self.processes.append(process)
        return process

    def _backend(self, kind: str) -> int:
        python = str(self.environment.python)
        command = (python, str(BACKENDS), kind, pages.SECRET, str(self.certificate))
        process = self._start(*command, stdout=subprocess.PIPE)
        assert process.stdout is not None
        return int(process.stdout.readline())

    def _https(self) -> int:
        behind, end = pages.serve()
        self.endings.append(end)
        return self._nginx(PROXY.format(behind))

    def _s3(self) -> int:
        return self._nginx(PROXY.format(self._backend("s3")))

    def _nginx(self, answer: str) -> int:
        port = free_port()
        folder = self.folder / f"nginx-{port}"
        folder.mkdir()
        configuration = folder / "nginx.conf"
        configuration.write_text(
            NGINX.format(
                folder=folder, log=self.log, certificate=self.certificate, port=port, answer=answer
            )
        )
        self._start(program("nginx"), "-p", str(folder), "-c", str(configuration))
        return listening(port)

    def _redis(self) -> int:
        port = free_port()
        tls = ("--tls-cert-file", "--tls-key-file", "--tls-ca-cert-file")
        options = [word for name in tls for word in (name, str(self.certificate))]
        self._start(
            program("redis-server"),
            *("--bind", "127.0.0.1", "--port", "0", "--tls-port", str(port), *options),
            *("--tls-auth-clients", "no", "--save", "", "--syslog-ident", pages.SECRET),
            stdout=subprocess.DEVNULL,
        )
        return listening(port)

    def _mqtt(self) -> int:
        port, configuration = free_port(), self.folder / "mosquitto.conf"
        user = "user root" if os.geteuid() == 0 else ""
        configuration.write_text(
            MOSQUITTO.format(port=port, certificate=self.certificate, user=user)
        )
        command = program("mosquitto"), "-c", str(configuration)
        self._start(*command, stderr=subprocess.DEVNULL)
        return listening(port)

    def _postgresql(self) -> int:
        port, data = free_port(), self.folder / "postgresql"
        data.mkdir()
        shutil.copy(self.certificate, data / "server.pem")
        (data / "server.pem").chmod(0o600)
        prefix = []
        if os.geteuid() == 0:  # it refuses to run as root
            prefix = [program("setpriv"), "--reuid=postgres", "--regid=postgres", "--clear-groups"]
            shutil.chown(data, "postgres")
            shutil.chown(data / "server.pem", "postgres")
        cluster = data / "cluster"
        initdb = [program("initdb"), "-A", "trust", "-U", "postgres", "-D", str(cluster)]
        subprocess.run([*prefix, *initdb], check=True, stdout=subprocess.DEVNULL, cwd="/")
        settings = {
            "cluster_name": pages.SECRET,
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "ssl": "on",
            "ssl_cert_file": str(data / "server.pem"),
            "ssl_key_file": str(data / "server.pem"),
            "unix_socket_directories": "",
        }
        options = [word for each in settings.items() for word in ("-c", "=".join(each))]
        self._start(
            *prefix, program("postgres"), "-D", str(cluster), *options, stderr=subprocess.DEVNULL
        )
        return listening(port)


def install(environment: Environment, *arguments: str) -> None:
    """Install from the package index, with the installer that is quickest."""
    run_here("uv", "pip", "install", "--quiet", "--python", str(environment.python), *arguments)


def program(name: str) -> str:
    """Return the path of a program of the system, wherever Debian hides it."""
    folders = [
        os.defpath,
        "/usr/sbin",
        "/sbin",
        *map(str, Path("/usr/lib/postgresql").glob("*/bin")),
    ]
    found = shutil.which(name, path=os.pathsep.join(folders))
    assert found, f"{name} is missing; test_matrix.py says what to install"
    return found


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def listening(port: int) -> int:
    """Wait until somebody listens there, and return the port."""
    end = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < end, f"nobody listens on {port}"
            time.sleep(0.05)
        else:
            return port
