"""A Firefox without a window, driven by its own Marionette protocol: length, colon, JSON, over a socket."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PREFERENCES = (
    ("marionette.port", "0"),
    ("browser.shell.checkDefaultBrowser", "false"),
    ("datareporting.policy.dataSubmissionEnabled", "false"),
    ("browser.startup.page", "0"),
    ("ui.prefersReducedMotion", "1"),
    ("network.proxy.type", "1"),
    ("network.proxy.socks", '"127.0.0.1"'),
    ("network.proxy.socks_port", "9"),
)
"""A port of its own choice, nothing of its own accord, and every host behind a proxy that is not there."""


class Firefox:
    """One window of a running Firefox."""

    def __init__(self, stream: socket.socket):
        self._stream, self._number, self._buffer = stream, 0, b""
        self._read()
        self.ask("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {}}})

    def ask(self, name: str, facts: dict[str, Any] | None = None) -> Any:
        """One command and its answer. Raises RuntimeError with Firefox's own words where it refuses."""
        self._number += 1
        text = json.dumps([0, self._number, name, facts or {}]).encode()
        self._stream.sendall(str(len(text)).encode() + b":" + text)
        _, _, error, answer = self._read()
        if error:
            raise RuntimeError(f"{name}: {error['message']}")
        return answer

    def open(self, url: str, ready: str, seconds: float = 30.0) -> None:
        """Open *url* and wait until the script *ready* gives true."""
        self.ask("WebDriver:Navigate", {"url": url})
        end = time.monotonic() + seconds
        while not self.run(ready):
            if time.monotonic() > end:
                raise TimeoutError(ready)
            time.sleep(0.1)

    def run(self, script: str) -> Any:
        """The value of a script's `return`, run beside the page: the page's own names are not touched."""
        facts = {"script": script, "args": [], "sandbox": None, "newSandbox": False}
        return self.ask("WebDriver:ExecuteScript", facts)["value"]

    def screenshot(self) -> bytes:
        """The window as PNG bytes."""
        return base64.b64decode(self.ask("WebDriver:TakeScreenshot", {"full": False})["value"])

    def _read(self) -> Any:
        while b":" not in self._buffer:
            self._fill()
        size, _, rest = self._buffer.partition(b":")
        self._buffer = rest
        while len(self._buffer) < int(size):
            self._fill()
        text, self._buffer = self._buffer[: int(size)], self._buffer[int(size) :]
        return json.loads(text)

    def _fill(self) -> None:
        piece = self._stream.recv(1 << 20)
        if not piece:
            raise ConnectionError("Firefox ended")
        self._buffer += piece


@contextmanager
def running(program: str, profile: Path, width: int = 1920, height: int = 1080) -> Iterator[Firefox]:
    """A headless Firefox with an empty profile in the folder *profile*; it is ended by its own process."""
    profile.mkdir(parents=True, exist_ok=True)
    lines = [f'user_pref("{name}", {value});' for name, value in PREFERENCES]
    (profile / "user.js").write_text("\n".join(lines) + "\n")
    size = ["--width", str(width), "--height", str(height)]
    command = [program, "--headless", "--no-remote", "--marionette", "--profile", str(profile), *size]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            with socket.create_connection(("127.0.0.1", _port(profile)), timeout=60) as stream:
                yield Firefox(stream)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _port(profile: Path, seconds: float = 60.0) -> int:
    """The port Firefox has chosen, from the file it leaves in its profile."""
    told, end = profile / "MarionetteActivePort", time.monotonic() + seconds
    while not (told.exists() and told.read_text().strip()):
        if time.monotonic() > end:
            raise TimeoutError("Firefox opened no port")
        time.sleep(0.1)
    return int(told.read_text())
