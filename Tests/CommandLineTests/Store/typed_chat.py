"""Types a chat on a terminal, as a user does: python typed_chat.py PROGRAM MODEL STORE.

Edits a line, interrupts an answer, brings an earlier line back, and leaves by Ctrl-C at the prompt.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

PATIENCE = 60


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, *words: str):
        self.process, self.file = pty.fork()
        if self.process == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("4H", 30, 100, 0, 0))
            os.execve(words[0], words, dict(os.environ, TERM="xterm", LANG="C.UTF-8"))
        self.seen = ""

    def read(self) -> str:
        ready, _, _ = select.select([self.file], [], [], 0.2)
        try:
            return os.read(self.file, 65536).decode(errors="replace") if ready else ""
        except OSError:  # The program has ended.
            return ""

    def wait(self, text: str) -> None:
        end = time.monotonic() + PATIENCE
        while text not in self.seen:
            assert time.monotonic() < end, (text, self.seen[-2000:])
            self.seen += self.read()
        self.seen = self.seen.split(text, 1)[1]

    def type(self, text: str) -> None:
        # The prompt is shown a moment before the editor reads.
        time.sleep(0.3)
        os.write(self.file, text.encode())

    def status(self) -> int:
        end = time.monotonic() + PATIENCE
        while True:
            self.read()
            process, status = os.waitpid(self.process, os.WNOHANG)
            if process:
                return status
            assert time.monotonic() < end, self.seen[-2000:]


def main(program: str, model: str, store: str) -> None:
    words = (program, "chat", "--model", model, "--store", store, "--max-tokens", "2000")
    chat = Terminal(*words, "--name", "letters")
    chat.wait("> ")
    # A cursor key, and a scalar of two bytes that is deleted as one.
    chat.type("Tell me a very long stoé\x1b[D\x1b[C\x7fry\r")
    # Some of the answer.
    chat.wait("\n")
    chat.wait(" ")
    chat.type("\x03")
    chat.wait("interrupted")
    chat.wait("> ")
    # The line before comes back.
    chat.type("\x1b[A")
    chat.wait("long story")
    chat.type("\x15/help\r")
    chat.wait("/compression N")
    chat.wait("> ")
    chat.type("\x03")
    assert os.WTERMSIG(chat.status()) == signal.SIGINT
    again = Terminal(*words, "--name", "letters")
    again.wait("letters~1")
    again.wait("> ")
    again.type("\x04")
    assert again.status() == 0


if __name__ == "__main__":
    main(*sys.argv[1:])
