"""A program on a real pty whose frames are stamped as they come."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

QUIET = 0.25
"""Seconds without a byte after which a frame is taken to be complete."""

COMPLETE = 0.02
"""The same, where a frame is only awaited: its writes follow each other at once."""


class Watched:
    """The program on a pty. Bytes are stamped as they come and looked at afterwards."""

    def __init__(
        self, command: Sequence[str], env: dict[str, str], columns: int = 120, lines: int = 30
    ) -> None:
        import pexpect
        import pyte

        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self._came: list[tuple[float, bytes]] = []
        self.began = self._seen_at = time.perf_counter()
        self.child = pexpect.spawn(
            command[0], list(command[1:]), env=env, dimensions=(lines, columns), timeout=30
        )  # type: ignore[arg-type]  # pexpect has no types
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        try:
            while data := os.read(self.child.child_fd, 65536):
                self._came.append((time.perf_counter(), data))
        except OSError:  # the program has ended
            return

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display)

    def until(self, holds: Callable[[str], bool], seconds: float = 30.0) -> float:
        """When the bytes came with which the screen held this."""
        end = time.perf_counter() + seconds
        while not holds(self.text):
            if self._came:
                self._seen_at, data = self._came.pop(0)
                self._stream.feed(data)
            elif time.perf_counter() > end:
                raise TimeoutError(f"never painted:\n{self.text}")
            else:
                time.sleep(0.005)
        return self._seen_at

    def seen(self, holds: Callable[[str], bool], seconds: float = 30.0) -> float:
        """As `until`, but nothing is parsed before a frame is complete: bytes are stamped when they come."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            time.sleep(0.005)
            if not self._came or time.perf_counter() - self._came[-1][0] < COMPLETE:
                continue
            while self._came:
                at, data = self._came.pop(0)
                self._stream.feed(data)
                if holds(self.text):
                    return at
        raise TimeoutError(f"never painted:\n{self.text}")

    def rest(self, seconds: float = QUIET) -> None:
        """Waits until nothing has come for so long."""
        last = time.perf_counter()
        while time.perf_counter() - last < seconds:
            time.sleep(0.01)
            while self._came:
                last, data = self._came.pop(0)
                self._stream.feed(data)

    def take_in(self, seconds: float) -> None:
        """Takes in what comes for so long: the engine's start, further pages."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            time.sleep(0.02)
            while self._came:
                self._stream.feed(self._came.pop(0)[1])

    def press(self, key: str, holds: Callable[[str], bool]) -> float:
        """Seconds from the key to the frame that shows what it did."""
        self.rest()
        began = time.perf_counter()
        os.write(self.child.child_fd, key.encode())
        return self.until(holds) - began

    def close(self) -> None:
        self.child.close(force=True)


@contextmanager
def watched(command: Sequence[str], env: dict[str, str]) -> Iterator[Watched]:
    """The program, ended again."""
    terminal = Watched(command, env)
    try:
        yield terminal
    finally:
        terminal.close()


def cursor(text: str) -> str:
    """The number under the list's cursor."""
    found = re.search(r"▌ .? +#(\d+)", text)
    return found[1] if found else ""


def detail(text: str) -> str:
    """The number in the title of the detail."""
    found = re.search(r"├─ #(\d+)", text)
    return found[1] if found else ""
