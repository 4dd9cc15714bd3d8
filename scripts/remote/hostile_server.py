#!/usr/bin/env python3
"""Serves the files of a folder over HTTP on 127.0.0.1, well or badly.

usage: hostile_server.py FOLDER LOG

Prints its port. The first part of an address says how the server behaves, a function of `Handler`,
and the rest is a file's name. LOG gets a line for each request: the behaviour and the range.
"""

import http.server
import pathlib
import re
import socket
import struct
import sys
import time
import urllib.parse

ENDLESS = b"\0" * 65536


class Handler(http.server.BaseHTTPRequestHandler):
    """One request. `seen` counts the requests of each path."""

    protocol_version = "HTTP/1.1"
    folder = pathlib.Path()
    log = pathlib.Path()
    seen: dict[str, int] = {}

    def do_GET(self) -> None:
        address = urllib.parse.urlsplit(self.path)
        behaviour, name = urllib.parse.unquote(address.path).lstrip("/").split("/", 1)
        wanted = self.headers.get("Range", "")
        with self.log.open("a") as log:
            print(behaviour, wanted, file=log)
        self.count = self.seen[self.path] = self.seen.get(self.path, 0) + 1
        self.query = address.query
        try:
            self.content = (self.folder / pathlib.Path(name).name).read_bytes()
        except OSError:
            return self.status("404")
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", wanted)
        first, last = (int(match[1]), int(match[2])) if match else (0, len(self.content) - 1)
        self.first, self.last = first, min(last, len(self.content) - 1)
        if behaviour.isdigit():
            return self.status(behaviour)
        getattr(self, behaviour)()
        return None

    def log_message(self, *_arguments) -> None:
        """Prints nothing."""

    def status(self, status: str, **headers: str) -> None:
        """An answer without a file."""
        self.send_response(int(status))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def head(self, span: str = "", tag: str = '"1"', length: int | None = None) -> None:
        """The head of a part; without a length, the end of the connection ends the body."""
        self.send_response(206)
        self.send_header(
            "Content-Range", span or f"bytes {self.first}-{self.last}/{len(self.content)}"
        )
        self.send_header("ETag", tag)
        if length is None:
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    @property
    def part(self) -> bytes:
        """What was asked for."""
        return self.content[self.first : self.last + 1]

    def good(self) -> None:
        """As it should be."""
        if self.first >= len(self.content):
            return self.status("416", **{"Content-Range": f"bytes */{len(self.content)}"})
        self.head(length=len(self.part))
        self.wfile.write(self.part)
        return None

    def whole(self) -> None:
        """No ranges: all of the file."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)

    def unsized(self) -> None:
        """No ranges, no size, and no end."""
        self.send_response(200)
        self.send_header("Connection", "close")
        self.close_connection = True
        self.end_headers()
        self.repeat(ENDLESS)

    def changing(self) -> None:
        """Another version at each request."""
        self.head(tag=f'"{self.count}"', length=len(self.part))
        self.wfile.write(self.part)

    def growing(self) -> None:
        """A file that has become longer."""
        size = len(self.content) + self.count
        self.head(f"bytes {self.first}-{self.last}/{size}", tag='"1"', length=len(self.part))
        self.wfile.write(self.part)

    def busy(self) -> None:
        """Twice no answer, then a good one."""
        if self.count <= 2:
            return self.status("503")
        return self.good()

    def short(self) -> None:
        """First a body that breaks off."""
        self.head(length=len(self.part))
        self.wfile.write(self.part if self.count > 1 else self.part[: len(self.part) // 2])
        self.close_connection = True

    def silent(self) -> None:
        """Always a body that breaks off at once."""
        self.head(length=len(self.part))
        self.close_connection = True

    def reset(self) -> None:
        """First a connection that is reset."""
        if self.count > 1:
            return self.good()
        now = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
        self.connection.close()
        raise ConnectionResetError

    def longer(self) -> None:
        """More than was asked for."""
        self.head()
        self.wfile.write(self.part + b"more")

    def talkative(self) -> None:
        """A head without an end."""
        self.send_response(206)
        self.close_connection = True
        self.flush_headers()
        self.repeat(b"X: " + b"y" * 60000 + b"\r\n")

    def endless(self) -> None:
        """A body without an end."""
        self.head()
        self.repeat(ENDLESS)

    def repeat(self, piece: bytes) -> None:
        """Bytes until nobody takes them."""
        try:
            while True:
                self.wfile.write(piece)
        except OSError:
            pass

    def elsewhere(self) -> None:
        """Another range than the one that was asked for."""
        self.head(f"bytes 1-{self.last}/{len(self.content)}", length=len(self.part) - 1)
        self.wfile.write(self.part[1:])

    def nonsense(self) -> None:
        """A range that is none."""
        self.head("bytes 9-1/-5", length=len(self.part))
        self.wfile.write(self.part)

    def vast(self) -> None:
        """A size that cannot be."""
        self.head(f"bytes {self.first}-{self.last}/{2**63}", length=len(self.part))
        self.wfile.write(self.part)

    def packed(self) -> None:
        """A body that is compressed, as the head says."""
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)

    def loop(self) -> None:
        """A redirect to itself."""
        self.status("302", Location=self.path)

    def moved(self) -> None:
        """A redirect to a good answer."""
        self.status("307", Location=self.path.replace("moved", "good", 1))

    def local(self) -> None:
        """A redirect to a file of the reader's disk."""
        self.status("302", Location=f"file://{self.folder.absolute()}/{self.path[1:]}")

    def stall(self) -> None:
        """A body that comes to a halt."""
        self.head(length=len(self.part))
        self.wfile.write(self.part[:100])
        self.wfile.flush()
        time.sleep(60)

    def signed(self) -> None:
        """Only for those who know the signature."""
        if self.query != "signature=SECRET":
            return self.status("403")
        return self.good()


class Server(http.server.ThreadingHTTPServer):
    """Ignores readers that hang up."""

    def handle_error(self, *_arguments) -> None:
        """Prints nothing."""


def main(folder: str, log: str) -> None:
    """Serves until the process ends."""
    Handler.folder, Handler.log = pathlib.Path(folder), pathlib.Path(log)
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
