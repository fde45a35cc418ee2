"""A small file server for the page of somebody else that a browser test opens: 127.0.0.1 only, one folder."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar


class Pages:
    """Serves ``folder``, which may be named after the address is known."""

    def __init__(self) -> None:
        self.folder = Path()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._answer)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def open(self) -> Iterator[Pages]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def _answer(self, *request: Any) -> None:
        _Quiet(*request, directory=str(self.folder))


class _Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    extensions_map: ClassVar[dict[str, str]] = {
        **SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
    }

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""
