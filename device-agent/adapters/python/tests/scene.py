"""What every test needs: certificates, a folder as the agent exports it, and HTTPS servers."""

import http.server
import os
import pathlib
import ssl
import subprocess
import tempfile
import threading
import unittest

ADAPTERS = pathlib.Path(__file__).resolve().parents[2]


class _Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")

    def log_message(self, *_):
        """Tests print nothing."""


class Server(http.server.ThreadingHTTPServer):
    """A server of `localhost` under one root, which counts its connections and keeps them open."""

    daemon_threads = True

    def __init__(self, certificate, key):
        super().__init__(("127.0.0.1", 0), _Answer)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.connections = 0
        self.url = f"https://localhost:{self.server_address[1]}/"
        threading.Thread(target=self.serve_forever, args=[0.01], daemon=True).start()

    def process_request(self, request, client_address):
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, *_):
        """A client that refuses is no error of the server's."""


class Scene(unittest.TestCase):
    """Two roots, a server under each, and an export folder."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.pki = pathlib.Path(folder.name)
        subprocess.run(["sh", ADAPTERS / "pki.sh", cls.pki], check=True)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.exports, self.generation = pathlib.Path(folder.name), 0
        os.symlink("..data/hub.pem", self.exports / "hub.pem")
        self.file = self.exports / "hub.pem"
        self.servers = {}
        for name in ("old", "new"):
            self.servers[name] = Server(self.pki / f"{name}.pem", self.pki / f"{name}.key")
            self.addCleanup(self.servers[name].server_close)
            self.addCleanup(self.servers[name].shutdown)

    def export(self, *names):
        """What the agent does: a new generation, and one rename."""
        self.export_text("".join((self.pki / f"{name}-root.pem").read_text() for name in names))

    def export_text(self, text):
        self.generation += 1
        folder = self.exports / f"..release-{self.generation}"
        folder.mkdir()
        (folder / "hub.pem").write_text(text)
        os.symlink(folder.name, self.exports / "..next")
        os.rename(self.exports / "..next", self.exports / "..data")
