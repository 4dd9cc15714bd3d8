"""Requests that no client should send, and clients that leave."""

import contextlib
import http.client
import json
import pathlib
import random
import socket
import threading
import time

import openai
from server import Server, patient, serving
from talk import reply, said, turn

HELLO = [turn("user", "cache of words")]
BODY = json.dumps({"model": "tiny", "messages": HELLO, "max_tokens": 4}).encode()
# Long enough to be in the middle of it: each token makes itself likelier.
LONG = {
    "model": "tiny",
    "messages": HELLO,
    "max_tokens": 50_000,
    "frequency_penalty": -2,
    "stream": True,
}


def posted(body: bytes, path: str = "/v1/chat/completions", extra: bytes = b"") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n".encode()
    return head + b"Connection: close\r\n" + extra + b"\r\n" + body


def check_broken(program: str, folder: pathlib.Path) -> None:
    """What is no HTTP, too long, or nested too deeply is turned away; others are served."""
    with serving(program) as server:
        expected = said(reply(server.client(), HELLO))
        for sent in [
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
            b"GET\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 20_000 + b"\r\n",
            posted(BODY, extra=b"Transfer-Encoding: chunked\r\n"),
            posted(b"zz\r\n", extra=b"Transfer-Encoding: chunked\r\n"),
            b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
            b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n"
            b"Connection: close\r\n\r\n{}",
        ]:
            got = server.raw(sent, seconds=2)
            assert not got.startswith((b"HTTP/1.1 200", b"HTTP/1.1 5")), (sent[:80], got[:200])
        for opening, closing in [(b"[", b"]"), (b'{"a":', b"}")]:
            for depth in (400, 600, 100_000):
                deep = opening * depth + b"1" + closing * depth
                body = BODY[:-1] + b', "tools": ' + deep + b"}"
                assert server.ask("POST", "/v1/chat/completions", body)[0] == 400
        assert said(reply(server.client(), HELLO)) == expected


def mutated(chance: random.Random) -> bytes:
    """A body with some damage."""
    body = bytearray(BODY)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(body) + 1)
        kind = chance.randrange(4)
        if kind == 0:
            del body[at : at + chance.randint(1, 8)]
        elif kind == 1:
            body[at:at] = chance.randbytes(chance.randint(1, 4))
        elif kind == 2:
            pieces = [
                b"null",
                b"1e999",
                b"-1",
                b'"\\ud800"',
                b"[[[",
                b"{}",
                b"\x00",
                b'","',
                b"true",
            ]
            body[at:at] = chance.choice(pieces)
        else:
            body = body[:at] + body[chance.randrange(len(body) + 1) :]
    return bytes(body)


def check_random(program: str, folder: pathlib.Path, count: int = 300) -> None:
    """Damaged bodies get an answer or an error, never silence, and no memory stays taken."""
    chance, memory = random.Random(7), []
    with serving(program, "--store", str(folder / "random")) as server:
        connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
        paths = ("/v1/chat/completions", "/v1/completions", "/api/documents")
        for index in range(count):
            if index % max(1, count // 10) == 0:
                memory.append(server.metrics()["process_resident_memory_bytes"])
            connection.request("POST", chance.choice(paths), mutated(chance))
            response = connection.getresponse()
            content = response.read()
            assert response.status in (200, 400, 404, 409), (response.status, content)
            if response.status != 200:
                assert json.loads(content)["error"]["message"]
        connection.close()
    assert max(memory[5:]) < 1.2 * max(memory[:5]) + 5e6, memory


def begin(server: Server, body: dict) -> socket.socket:
    """Sends a request and waits for the first bytes of its response."""
    connection = socket.create_connection((server.host, server.port), timeout=30)
    connection.sendall(posted(json.dumps(body).encode()))
    assert connection.recv(10)
    return connection


def waits(server: Server, count: int) -> None:
    """Waits until as many requests wait."""
    end = time.monotonic() + 20
    while server.metrics()["qfilters_queue_length"] != count:
        assert time.monotonic() < end, server.metrics()
        time.sleep(0.02)


def check_leaving(program: str, folder: pathlib.Path) -> None:
    """Clients that leave, in the middle or while they wait, take nobody's time."""
    models = {"tiny": patient(folder)}
    with serving(program, "--store", str(folder / "leaving"), models=models) as server:
        done = answers(server)
        running = begin(server, LONG)
        waiting = [
            socket.create_connection((server.host, server.port), timeout=30) for _ in range(5)
        ]
        for connection in waiting:
            connection.sendall(posted(json.dumps({**LONG, "stream": False}).encode()))
        waits(server, 5)
        for connection in waiting:
            connection.close()
        waits(server, 0)
        running.close()
        assert reply(server.client(), HELLO).choices
        # The five never began, and the first one ended early.
        assert answers(server) <= done + 2
        for seconds in (0.001, 0.02, 0.1, 0.3):
            with contextlib.suppress(openai.APITimeoutError):
                reply(
                    server.client().with_options(timeout=seconds), HELLO, 9999, frequency_penalty=-2
                )
        waits(server, 0)
        assert reply(server.client(), HELLO).choices


def answers(server: Server) -> float:
    return server.metrics().get("qfilters_first_token_seconds_count", 0)


def check_queue(program: str, folder: pathlib.Path) -> None:
    """One request too many is told when to come again, and the others are answered."""
    with serving(program, "--queue", "2", models={"tiny": patient(folder)}) as server:
        running = begin(server, LONG)
        results = []
        body = {"model": "tiny", "messages": HELLO, "max_tokens": 2}

        def ask() -> None:
            results.append(server.ask("POST", "/v1/chat/completions", body)[0])

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        waits(server, 2)
        status, headers, content = server.ask("POST", "/v1/chat/completions", body)
        assert status == 429 and int(headers["retry-after"]) >= 1, (status, headers)
        assert b"queue_full" in content
        running.close()
        for thread in threads:
            thread.join()
        assert results == [200, 200]


def check_end(program: str, folder: pathlib.Path) -> None:
    """A server that is asked to end finishes the answer that runs, and keeps it."""
    store = folder / "end"
    server = Server(program, "--store", str(store), models={"tiny": patient(folder)})
    try:
        running = begin(server, LONG)
        waiting = socket.create_connection((server.host, server.port), timeout=30)
        waiting.sendall(posted(BODY))
        waits(server, 1)
        rest = bytearray()

        def read() -> None:
            while piece := running.recv(65536):
                rest.extend(piece)

        reader = threading.Thread(target=read)
        reader.start()
        begun = time.monotonic()
        server.stop()
        assert time.monotonic() - begun < 15
        reader.join()
        assert b"data: [DONE]" in rest and b'"saved":"~' in rest, rest[-400:]
        assert b" 503 " in waiting.recv(65536)
        running.close()
        waiting.close()
        files = [file.name for file in store.iterdir()]
        assert len(files) == 1 and files[0].endswith(".kvsnap"), files
    finally:
        server.close()


def check_disk(program: str, folder: pathlib.Path) -> None:
    """Damaged and lost files: the answer is given, and says what went wrong."""
    store = folder / "damage"
    with serving(program, "--store", str(store)) as server:
        first = reply(server.client(), HELLO, 8)
        file = store / f"{first.qfilters['saved']}.kvsnap"
        content = bytearray(file.read_bytes())
        for at in range(len(content) // 2, len(content) - 64, 97):
            content[at] ^= 0x5A
        file.write_bytes(content)
        answer = reply(server.client(), HELLO, 8)
        assert said(answer) == said(first)
        assert answer.qfilters["problem"] and str(folder) not in answer.qfilters["problem"]
        metrics = server.metrics()
        assert metrics["qfilters_damaged_files_total"] >= 1, metrics
        assert metrics["qfilters_quarantined_files"] >= 1, metrics
