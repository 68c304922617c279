"""An HTTPS server for tests: answers by host and path, and remembers what was asked.

    with PolicyServer(cert, key) as https:
        https.answers["mta-sts.a.example/.well-known/mta-sts.txt"] = (200, "text/plain", b"...")
        https.port, https.requests"""

import http.server
import ssl
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self, body):
        place = self.headers["Host"].split(":")[0] + self.path
        self.server.requests.append((self.command, place, dict(self.headers), body))
        status, kind, data = self.server.answers.get(place, (404, "text/plain", b"nothing here\n"))
        self.send_response(status)
        if status in (301, 302):
            self.send_header("Location", data.decode())
            data = b""
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.reply(b"")

    def do_POST(self):
        self.reply(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, *args):
        pass


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args):
        pass  # clients that do not trust it


class PolicyServer:
    def __init__(self, cert, key):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self.server = Listener(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.answers = self.server.answers = {}
        self.requests = self.server.requests = []
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()
