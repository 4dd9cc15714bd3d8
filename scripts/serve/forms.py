"""Good requests and wrong ones, and the form of what comes back."""

import json
import pathlib
import subprocess

import openai
from server import OTHER, ROOT, TINY, serving
from talk import cached, reply, said, streamed, turn

HELLO = [turn("user", "cache of words")]


def check_answers(program: str, folder: pathlib.Path) -> None:
    """The official client gets equal answers, streamed and not, from both interfaces."""
    with serving(program, "--store", str(folder / "answers")) as server:
        client = server.client()
        answer = reply(client, HELLO, tokens=8)
        assert answer.object == "chat.completion" and answer.id.startswith("chatcmpl-")
        assert answer.choices[0].message.role == "assistant"
        assert cached(answer) == 0 and answer.qfilters["saved"].startswith("~")
        assert answer.qfilters["problem"] is None
        assert answer.usage.total_tokens == (
            answer.usage.prompt_tokens + answer.usage.completion_tokens
        )
        text, reason, usage, extra = streamed(client, HELLO, tokens=8)
        assert (text, reason, usage.prompt_tokens, usage.completion_tokens) == said(answer)
        # The logits need one token of the prompt.
        assert usage.prompt_tokens_details.cached_tokens == usage.prompt_tokens - 1
        assert extra["saved"] == answer.qfilters["saved"]

        whole = client.completions.create(model="tiny", prompt="The cache of", max_tokens=6)
        parts = client.completions.create(
            model="tiny", prompt="The cache of", max_tokens=6, stream=True
        )
        assert "".join(part.choices[0].text for part in parts) == whole.choices[0].text
        assert whole.object == "text_completion"

        sampled = [
            said(reply(client, HELLO, tokens=8, temperature=1.5, seed=seed)) for seed in (1, 1, 2)
        ]
        assert sampled[0] == sampled[1] != sampled[2]
        penalised = reply(client, HELLO, 16, presence_penalty=2, frequency_penalty=2)
        assert penalised.choices[0].message.content
        stop = text[2:4] or text
        cut = reply(client, HELLO, tokens=8, stop=[stop])
        assert cut.choices[0].finish_reason == "stop"
        assert stop not in cut.choices[0].message.content


def check_models(program: str, folder: pathlib.Path) -> None:
    """Several models, of which only one has room in memory; exchanged weights are noticed."""
    file = folder / "exchanged.gguf"
    file.write_bytes(TINY.read_bytes())
    models = {"a": TINY, "b": OTHER, "c/d": file}
    room = max(path.stat().st_size for path in models.values())
    store = str(folder / "models")
    with serving(program, "--memory", str(room), "--store", store, models=models) as server:
        client = server.client()
        assert [model.id for model in client.models.list()] == ["a", "b", "c/d"]
        assert client.models.retrieve("c/d").owned_by == "local"
        first = [said(reply(client, HELLO, 8, model=name)) for name in models]
        assert first == [said(reply(client, HELLO, 8, model=name)) for name in models]
        assert first[0] == first[2]
        new = folder / "new.gguf"
        new.write_bytes(OTHER.read_bytes())
        new.replace(file)
        answer = reply(client, HELLO, 8, model="c/d")
        assert said(answer) == first[1]


def error(call) -> tuple[int, str | None, str | None]:
    try:
        call()
    except openai.APIStatusError as problem:
        body = problem.response.json()["error"]
        assert body["message"] and body["type"], body
        assert str(ROOT) not in body["message"] and "/tmp/" not in body["message"], body
        return problem.status_code, body["code"], body["param"]
    raise AssertionError("no error")


def check_errors(program: str, folder: pathlib.Path) -> None:
    """Each error has OpenAI's form, and names what is wrong."""
    with serving(program, "--store", str(folder / "errors")) as server:
        client = server.client()
        missing = error(lambda: reply(client, HELLO, model="gpt"))
        assert missing == (404, "model_not_found", "model")
        tools = [{"type": "function", "function": {"name": "f"}}]
        wrong = {
            ("tools", "unsupported_parameter"): {"tools": tools},
            ("n", "unsupported_parameter"): {"n": 2},
            ("response_format", "unsupported_parameter"): {
                "response_format": {"type": "json_object"}
            },
            ("temperature", None): {"temperature": 3},
            ("compression", None): {"extra_body": {"compression": 3}},
        }
        for (param, code), fields in wrong.items():
            got = error(lambda fields=fields: reply(client, HELLO, **fields))
            assert got == (400, code, param), got
        unknown = error(lambda: reply(client, HELLO, extra_body={"document": "../../etc/passwd"}))
        assert unknown[:2] == (404, "context_not_found")
        long = [turn("user", "cache " * 2000)]
        assert error(lambda: reply(client, long))[:2] == (400, "context_length_exceeded")
        late = [*HELLO, turn("system", "x"), turn("user", "y")]
        assert error(lambda: reply(client, late))[0] == 400
        assert error(lambda: reply(client, [turn("assistant", "x")]))[0] == 400
        check_statuses(server)


def check_statuses(server) -> None:
    big = b" " * (32 << 20) + b" "
    for method, path, body, status in [
        ("GET", "/nothing", None, 404),
        ("GET", "/v1/chat/completions", None, 405),
        ("PUT", "/v1/models", None, 405),
        ("GET", "/api/contexts/nothing/text", None, 404),
        ("DELETE", "/api/contexts/%2e%2e%2fx", None, 404),
        ("DELETE", "/api/contexts/%ff", None, 404),
        ("POST", "/v1/completions", big, 413),
        ("POST", "/v1/completions", b"", 400),
        ("POST", "/api/documents", {"model": "tiny", "name": "../x", "text": "a"}, 400),
        ("POST", "/api/documents", {"model": "tiny", "name": "x", "text": ""}, 400),
    ]:
        got, _, content = server.ask(method, path, body)
        assert got == status, (method, path, got, content)
        assert "message" in json.loads(content)["error"]


def check_pages(program: str, folder: pathlib.Path) -> None:
    """The page comes with what protects it, and no other site's requests are answered."""
    with serving(program) as server:
        for path, kind in [
            ("/", "text/html"),
            ("/app.js", "text/javascript"),
            ("/style.css", "text/css"),
            ("/favicon.svg", "image/svg+xml"),
        ]:
            status, headers, content = server.ask("GET", path)
            assert status == 200 and content and headers["content-type"].startswith(kind)
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["content-security-policy"].startswith("default-src 'self'")
            again = server.ask("GET", path, headers={"If-None-Match": headers["etag"]})
            assert again[0] == 304 and not again[2]
            assert not server.ask("HEAD", path)[2]
        assert json.loads(server.ask("GET", "/health")[2]) == {"status": "ok"}
        body = {"model": "tiny", "prompt": "a", "max_tokens": 1}
        for headers, status in [
            ({"Origin": "http://evil.example"}, 403),
            ({"Host": "evil.example"}, 403),
            ({"Origin": server.address}, 200),
        ]:
            got = server.ask("POST", "/v1/completions", body, headers)
            assert got[0] == status, (headers, got)
            assert not any(name.startswith("access-control") for name in got[1])


def check_start(program: str, folder: pathlib.Path) -> None:
    """What cannot start says why, with the exit code of the command line."""
    short = folder / "keys"
    short.write_text("tiny-secret\n")
    with serving(program) as server:
        cases = [
            (64, [], "--model"),
            (64, [f"--model={TINY}", "--host=0.0.0.0"], "--api-keys"),
            (64, [f"--model={TINY}", f"--api-keys={short}"], "line 1"),
            (65, ["--model=x=Makefile"], "Makefile"),
            (66, ["--model=missing.gguf"], "missing.gguf"),
            (74, [f"--model={TINY}", f"--port={server.port}"], "cannot listen"),
        ]
        for status, options, part in cases:
            done = subprocess.run([program, *options], capture_output=True, text=True, timeout=20)
            assert done.returncode == status and not done.stdout, (options, done)
            assert part in done.stderr and "tiny-secret" not in done.stderr, done
