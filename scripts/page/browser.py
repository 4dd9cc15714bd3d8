"""A headless Chromium that is driven as a person would drive it, by its DevTools protocol."""

import base64
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from typing import Any, Self

import websocket

NAMES = ("chromium", "chromium-browser", "google-chrome")
# What a key is in the protocol: its code, and the character that it types.
KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), "Escape": (27, "")}
# Kinds of events that say that something in the page is wrong.
COMPLAINTS = {
    "Runtime.exceptionThrown": lambda event: event["exceptionDetails"],
    "Log.entryAdded": lambda event: event["entry"] if event["entry"]["level"] == "error" else None,
}


class PageError(Exception):
    """The page is not as it should be."""


def installed() -> str | None:
    """The path of a Chromium; nothing if there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One tab."""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(address, timeout=60, suppress_origin=True)
        self._number = 0
        self.complaints: list[Any] = []
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    @classmethod
    @contextlib.contextmanager
    def start(cls, program: str) -> Iterator[Self]:
        """Runs a browser as long as the block."""
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            process = subprocess.Popen(
                [program, "--headless=new", "--remote-debugging-port=0", "--hide-scrollbars",
                 "--disable-gpu", "--no-first-run", f"--user-data-dir={profile}",
                 *(["--no-sandbox"] if os.geteuid() == 0 else []), "about:blank"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            try:
                yield cls(tab_address(pathlib.Path(profile) / "DevToolsActivePort"))
            finally:
                process.terminate()
                process.wait()

    def call(self, method: str, **parameters: Any) -> dict:
        """What the browser answers."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise PageError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            find = COMPLAINTS.get(answer.get("method", ""))
            if find and (complaint := find(answer["params"])):
                self.complaints.append(complaint)

    def value(self, expression: str) -> Any:
        """The value of an expression of JavaScript."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise PageError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(self, expression: str, seconds: float = 20) -> Any:
        """Waits until an expression is true; gives its value. At first it may throw."""
        tried = f"(() => {{ try {{ return {expression} }} catch {{}} }})()"
        end = time.monotonic() + seconds
        while not (value := self.value(tried)):
            if time.monotonic() > end:
                raise PageError(f"not so after {seconds} s: {expression}")
            time.sleep(0.05)
        return value

    def look(self, width: int, height: int, scheme: str) -> None:
        """The window's size, and what the reader prefers."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def picture(self, path: pathlib.Path) -> None:
        """Writes what the window shows as a PNG file."""
        data = self.call("Page.captureScreenshot")["data"]
        path.write_bytes(base64.b64decode(data))

    def click(self, selector: str) -> None:
        """Clicks in the middle of an element."""
        x, y = self.wait(
            f"(found => {{ if (!found) return null; found.scrollIntoView({{block: 'nearest'}});"
            "const box = found.getBoundingClientRect();"
            "return box.width > 0 && [box.x + box.width / 2, box.y + box.height / 2]; })"
            f"(document.querySelector({json.dumps(selector)}))"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def drop(self, file: pathlib.Path) -> None:
        """Drops a file in the middle of the window."""
        data = {"items": [], "files": [str(file.resolve())], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.call("Input.dispatchDragEvent", type=kind, x=300, y=300, data=data)

    def press(self, key: str) -> None:
        """Presses a key."""
        code, text = KEYS[key]
        names = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **names)
        self.call("Input.dispatchKeyEvent", type="keyUp", **names)

    def type(self, text: str) -> None:
        """Types a text over what is selected."""
        self.call("Input.insertText", text=text)

    def tab_to(self, selector: str, limit: int = 300) -> None:
        """Presses Tab until an element has the focus."""
        for _ in range(limit):
            self.press("Tab")
            if self.value(f"document.activeElement?.matches({json.dumps(selector)}) ?? false"):
                return
        raise PageError(f"Tab never comes to {selector}")

    def unnamed(self) -> list[str]:
        """The roles of what a reader can use and a screen reader has no name for."""
        usable = {"button", "textbox", "searchbox", "combobox", "radio", "checkbox", "link", "img"}
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        shown = [node for node in nodes if not node["ignored"]]
        return [
            node["role"]["value"]
            for node in shown
            if node["role"]["value"] in usable and not node.get("name", {}).get("value")
        ]


def tab_address(port_file: pathlib.Path) -> str:
    """The address of the browser's only tab, once the browser is there."""
    for _ in range(300):
        with contextlib.suppress(OSError, IndexError):
            port = port_file.read_text().split()[0]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as response:
                tabs = json.load(response)
            return next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
        time.sleep(0.1)
    raise PageError("the browser does not start")
