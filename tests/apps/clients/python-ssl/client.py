"""A long-running program on Python's ssl: one context for all of its connections, made at its start."""

import os
import platform
import socket
import ssl
import sys


def context(variant):
    if variant == "adapted":
        import trust_adapter

        return trust_adapter.context(os.environ["TRUST_FILE"])
    return ssl.create_default_context(cafile=os.environ["TRUST_FILE"])


def connect(trust, host, port):
    try:
        with socket.create_connection((host, port), timeout=10) as plain:
            with trust.wrap_socket(plain, server_hostname=host) as connection:
                connection.sendall(f"GET / HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
                return "accepted" if connection.recv(1) else "failed no answer"
    except ssl.SSLCertVerificationError as error:
        return f"refused {error.verify_message}"
    except OSError as error:
        return f"failed {error}"


def main():
    trust = context(sys.argv[1])
    print("ready ssl", f"{platform.python_version()}, {ssl.OPENSSL_VERSION}", flush=True)
    for line in sys.stdin:
        _, host, port = line.split()
        print(connect(trust, host, int(port)), flush=True)


main()
