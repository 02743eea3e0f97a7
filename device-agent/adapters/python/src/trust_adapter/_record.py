"""What a context was told, and the context that is told the same where a file of CA certificates has changed."""

import logging
import os
import ssl
import threading

# What can be read from a context, in an order in which it may be set: no host name is checked without verification.
_SETTINGS = """verify_mode verify_flags options minimum_version maximum_version post_handshake_auth num_tickets keylog_filename
    hostname_checks_common_name sni_callback sslsocket_class sslobject_class check_hostname""".split()
# What cannot be read from a context: these calls are kept, and made again.
CALLS = """load_verify_locations set_default_verify_paths load_cert_chain load_dh_params set_alpn_protocols set_ciphers
    set_ecdh_curve""".split()
ORIGINAL = {name: getattr(ssl.SSLContext, name) for name in (*CALLS, "wrap_bio", "wrap_socket")}


def _paths(name, cafile=None, capath=None, *_, **__):
    """The CA certificates that a call reads."""
    if name == "set_default_verify_paths":
        paths = ssl.get_default_verify_paths()
        cafile = os.environ.get(paths.openssl_cafile_env, paths.openssl_cafile)
        capath = os.environ.get(paths.openssl_capath_env, paths.openssl_capath)
    return [path for path in (cafile, capath) if path is not None] if name in CALLS[:2] else []


def _mark(path):
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


class Record:
    """What a context was told, the state of the files that it read then, and the context that took its place."""

    def __init__(self, told):
        self.told, self.lock, self.calls, self.marks = told, threading.RLock(), [], {}
        self.context, self.generation, self.complaint = told, 0, None
        self.anchors = 0  # those of files: OpenSSL looks into a folder only when it needs to

    def call(self, name, *arguments, **named):
        # The state of a file is taken before it is read: a change in between is then seen at the next connection.
        marks = {path: _mark(path) for path in _paths(name, *arguments, **named)}
        ORIGINAL[name](self.told, *arguments, **named)
        with self.lock:
            if (name, arguments, named) not in self.calls:  # urllib3 loads the same file for each connection
                self.calls.append((name, arguments, named))
                self.marks, self.anchors = {**marks, **self.marks}, self.told.cert_store_stats()["x509_ca"]
                if self.context is not self.told:
                    ORIGINAL[name](self.context, *arguments, **named)

    def current(self):
        """The context that trusts what the files hold now."""
        with self.lock:
            marks = {path: _mark(path) or known for path, known in self.marks.items()}
            if marks not in (self.marks, self.complaint):
                try:
                    self.context, self.marks, self.complaint = self.made_again(), marks, None
                    self.generation += 1
                except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
                    self.complaint, files = marks, ", ".join(map(str, marks))
                    logging.getLogger("trust_adapter").warning("%s: %s; what was trusted before stays", files, error)
            if self.context is not self.told:
                self.context.check_hostname = False
                for name in _SETTINGS:
                    if getattr(self.context, name) != getattr(self.told, name):
                        setattr(self.context, name, getattr(self.told, name))
            return self.context

    def made_again(self):
        new = ssl.SSLContext(self.told.protocol)
        for name, arguments, named in self.calls:
            ORIGINAL[name](new, *arguments, **named)
        if self.anchors and not new.cert_store_stats()["x509_ca"]:
            raise ValueError("no CA certificate in it")
        return new


def record(context):
    """What this context was told so far."""
    return context.__dict__.setdefault("_trust_adapter", Record(context))
