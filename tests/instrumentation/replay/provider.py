"""A server on loopback that plays recorded answers; it is a proxy too, so that clients may ask for the real hosts."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.instrumentation.replay.recordings import Exchange, body_of, pieces


class Provider:
    """Answers whatever is asked with the exchange that it was told to play.

    Attributes:
        address: host and port.
        asked: how often it was asked since it was told what to play.
    """

    def __init__(self) -> None:
        self._playing: Exchange = {}
        self.asked = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Headers and body of an answer would otherwise wait for each other.
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                self._read()
                outer.asked += 1
                answer = outer._playing["response"]
                self.send_response(answer["status"])
                self.send_header("Content-Type", answer["content_type"] or "application/octet-stream")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for piece in pieces(body_of(outer._playing)):
                    self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                self.wfile.write(b"0\r\n\r\n")

            def handle_one_request(self) -> None:
                # Some clients send body after headers, and hold it back until the headers are acknowledged.
                if hasattr(socket, "TCP_QUICKACK"):
                    self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
                super().handle_one_request()

            def _read(self) -> None:
                if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                    self.rfile.read(int(self.headers.get("Content-Length") or 0))
                    return
                while size := int(self.rfile.readline(), 16):
                    self.rfile.read(size + 2)
                self.rfile.readline()

            def log_message(self, *_: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.address = f"127.0.0.1:{self._http.server_address[1]}"
        self.url = f"http://{self.address}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def play(self, exchange: Exchange) -> None:
        """Play this one next, as often as it is asked."""
        self._playing = exchange
        self.asked = 0

    def close(self) -> None:
        """Stop."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
