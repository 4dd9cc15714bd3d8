"""A server that runs for a check."""

import contextlib
import http.client
import json
import pathlib
import signal
import socket
import struct
import subprocess
import tempfile
import urllib.parse
from collections.abc import Iterator

import openai

ROOT = pathlib.Path(__file__).resolve().parents[2]
TINY = ROOT / "fixtures/models/tiny-llama-f32.gguf"
OTHER = ROOT / "fixtures/models/tiny-llama-bf16.gguf"
READY = "listening on "
CONTEXT_KEY = b"llama.context_length" + struct.pack("<I", 4)
TO_END = 20


def patient(folder: pathlib.Path, context: int = 1 << 16) -> pathlib.Path:
    """The tiny model with a longer context, in which an answer can take long."""
    content = TINY.read_bytes()
    at = content.index(CONTEXT_KEY) + len(CONTEXT_KEY)
    file = folder / "patient.gguf"
    file.write_bytes(content[:at] + struct.pack("<I", context) + content[at + 4 :])
    return file


class Server:
    """The program, with what it wrote on standard error."""

    def __init__(self, program: str, *options: str, models: dict[str, pathlib.Path] | None = None):
        models = models or {"tiny": TINY}
        named = [f"--model={name}={path}" for name, path in models.items()]
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.process = subprocess.Popen(
            [program, *named, "--port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        line = self.process.stdout.readline()
        if not line.startswith(READY):
            raise AssertionError(f"the server did not start: {self.errors()}")
        self.address = line.removeprefix(READY).strip()
        self.host, self.port = urllib.parse.urlsplit(self.address).netloc.split(":")
        self.port = int(self.port)

    def errors(self) -> str:
        self.log.seek(0)
        return self.log.read()

    def client(self, key: str = "none") -> openai.OpenAI:
        return openai.OpenAI(base_url=self.address + "/v1", api_key=key, max_retries=0, timeout=120)

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: dict[str, str] | None = None,
        key: str | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers in small letters, and body of a response."""
        headers = dict(headers or {})
        if key:
            headers["Authorization"] = f"Bearer {key}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return (
                response.status,
                {name.lower(): value for name, value in response.getheaders()},
                response.read(),
            )
        finally:
            connection.close()

    def json(self, method: str, path: str, body: object = None, key: str | None = None) -> dict:
        """A response that has to be a good one."""
        status, _, content = self.ask(method, path, body, key=key)
        assert status == 200, (method, path, status, content)
        return json.loads(content)

    def metrics(self, key: str | None = None) -> dict[str, float]:
        status, _, content = self.ask("GET", "/metrics", key=key)
        assert status == 200, content
        lines = [line for line in content.decode().splitlines() if not line.startswith("#")]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    def raw(self, sent: bytes, seconds: float = 5) -> bytes:
        """What comes back for bytes that need not be HTTP."""
        with socket.create_connection((self.host, self.port), timeout=seconds) as connection:
            got = b""
            # A server may answer, and close, before it has read everything.
            with contextlib.suppress(OSError):
                connection.sendall(sent)
            with contextlib.suppress(OSError):
                while piece := connection.recv(65536):
                    got += piece
            return got

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Ends the server as a user does."""
        self.process.send_signal(number)
        status = self.process.wait(TO_END)
        assert status == 0, (status, self.errors()[-2000:])

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(TO_END)

    def close(self) -> None:
        if self.process.poll() is None:
            self.kill()
        self.process.stdout.close()
        self.log.close()


@contextlib.contextmanager
def serving(program: str, *options: str, **settings: object) -> Iterator[Server]:
    """A server, which has to run until the end and to end well."""
    server = Server(program, *options, **settings)
    try:
        yield server
        assert server.process.poll() is None, server.errors()[-2000:]
        server.stop()
        errors = server.errors()
        assert "Fatal error" not in errors, errors[-2000:]
    finally:
        server.close()
