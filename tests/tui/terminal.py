"""A real terminal for a test: the program on a pty, its screen kept by a terminal emulator."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

import pexpect
import pyte

ESC, ENTER, UP, DOWN = "\x1b", "\r", "\x1b[A", "\x1b[B"
CTRL_C, CTRL_P, CTRL_Q = "\x03", "\x10", "\x11"


class Terminal:
    """`deskzero` running on a pty of `columns` x `lines`."""

    def __init__(
        self, command: Sequence[str], environment: dict[str, str], *, columns: int = 120, lines: int = 30
    ) -> None:
        environment = environment | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
        # Colours and a size that somebody has set for his own window would be taken for this one's.
        not_ours = ("NO_COLOR", "COLORFGBG", "COLUMNS", "LINES")
        environment = {name: value for name, value in environment.items() if name not in not_ours}
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.child = pexpect.spawn(
            command[0], list(command[1:]), env=environment, dimensions=(lines, columns), timeout=30
        )  # type: ignore[arg-type]  # pexpect has no types
        self.child.delaybeforesend = None

    def read(self, seconds: float = 0.1) -> None:
        """Takes in what the program paints for so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                data = self.child.read_nonblocking(65536, timeout=left)
            except pexpect.TIMEOUT:
                return
            except pexpect.EOF:
                return
            self.raw += data
            self._stream.feed(data)

    @property
    def text(self) -> str:
        """The screen as it stands."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def line(self, part: str) -> str:
        """The first line that holds this."""
        return next((line for line in self.text.splitlines() if part in line), "")

    def until(self, holds: str | Callable[[str], bool], seconds: float = 30.0) -> str:
        """Waits until the screen holds a text, or a condition does; gives the screen."""
        check = holds if callable(holds) else (lambda text: holds in text)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(0.05)
            if check(self.text):
                return self.text
        raise AssertionError(f"never on the screen: {holds!r}\n{self.text}")

    def never(self, unwanted: str, seconds: float = 1.0) -> None:
        """Looks for so long that a text does not appear."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(0.05)
            assert unwanted not in self.text, self.text

    def send(self, keys: str) -> None:
        """All of it in one write, as a paste without brackets or a double press comes."""
        os.write(self.child.child_fd, keys.encode())

    def type(self, *keys: str, pause: float = 0.05) -> None:
        """Keys one by one, as fingers do it. A review is read before it is answered: what comes before it can have been
        read is not taken, and on a busy machine that is longer."""
        for key in keys:
            if key == "y" and "Esc keep as draft" in self.text:
                self.read(0.5)
            self.send(key)
            self.read(pause)

    def resize(self, columns: int, lines: int) -> None:
        """As somebody drags its corner: a size on the way, then the last one."""
        self.screen.resize(lines, columns)
        self.child.setwinsize(lines, columns - 1)
        self.read(0.2)
        self.child.setwinsize(lines, columns)

    def ended(self, seconds: float = 15.0) -> int:
        """Waits for the end of the program; its exit code."""
        end = time.monotonic() + seconds
        while self.child.isalive() and time.monotonic() < end:
            self.read(0.05)
        assert not self.child.isalive(), self.text
        self.child.close()
        return int(self.child.exitstatus)

    def kill(self) -> None:
        """As a power cut would."""
        if self.child.isalive():
            self.child.kill(9)
        self.child.close(force=True)
