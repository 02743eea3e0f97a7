"""An `ssl.SSLContext` that follows its files: what it trusts changes when they do, also where an anchor leaves.

Python reads CA files once, and OpenSSL adds to the anchors of a context but never takes one away. So a context here
remembers what it was told. Where a file of CA certificates has changed, a new context is told the same, and makes the
connections from then on. A file that cannot be used changes nothing: what was trusted before stays, and a warning says so.
"""

import logging
import os
import ssl
import threading

__all__ = ["FollowingContext", "context", "generation", "install"]

# What can be read from a context, in an order in which it may be set: no host name is checked without verification.
_SETTINGS = (
    "verify_mode", "verify_flags", "options", "minimum_version", "maximum_version", "post_handshake_auth",
    "num_tickets", "hostname_checks_common_name", "keylog_filename", "sni_callback", "sslsocket_class", "sslobject_class",
    "check_hostname",
)
# What cannot be read from a context: these calls are kept, and made again.
_CALLS = (
    "load_cert_chain", "load_dh_params", "load_verify_locations", "set_alpn_protocols", "set_ciphers",
    "set_default_verify_paths", "set_ecdh_curve",
)
_ORIGINAL = {name: getattr(ssl.SSLContext, name) for name in (*_CALLS, "wrap_bio", "wrap_socket")}
_log = logging.getLogger(__name__)


class _Record:
    """What a context was told, the state of the files that it read then, and the context that took its place."""

    def __init__(self, context):
        self.lock, self.calls, self.marks = threading.RLock(), [], {}
        self.context, self.generation, self.complaint = context, 0, None
        # Those of files; OpenSSL looks into a folder only when it needs to.
        self.anchors = 0


def _record(context):
    return context.__dict__.setdefault("_trust_adapter", _Record(context))


def _mark(path):
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def _default_paths():
    paths = ssl.get_default_verify_paths()
    file, folder = (paths.openssl_cafile_env, paths.openssl_cafile), (paths.openssl_capath_env, paths.openssl_capath)
    return [os.environ.get(*file), os.environ.get(*folder)]


def _call(self, name, paths, *arguments):
    # The state of a file is taken before it is read: a change in between is then seen at the next connection.
    marks = {path: _mark(path) for path in paths if path is not None}
    _ORIGINAL[name](self, *arguments)
    record = _record(self)
    with record.lock:
        # urllib3 loads the same file for each connection.
        if (name, arguments) not in record.calls:
            record.calls.append((name, arguments))
            record.marks = {**marks, **record.marks}
            record.anchors = self.cert_store_stats()["x509_ca"]
            if record.context is not self:
                _ORIGINAL[name](record.context, *arguments)


def _current(context):
    """The context that trusts what the files hold now."""
    record = _record(context)
    with record.lock:
        marks = {path: _mark(path) or known for path, known in record.marks.items()}
        if marks != record.marks and marks != record.complaint:
            try:
                record.context = _made_again(context, record)
                record.marks, record.generation, record.complaint = marks, record.generation + 1, None
            except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
                record.complaint = marks
                _log.warning("%s: %s; what was trusted before stays", ", ".join(map(str, marks)), error)
        if record.context is not context:
            _set(record.context, context)
        return record.context


def _made_again(context, record):
    new = ssl.SSLContext(context.protocol)
    for name, arguments in record.calls:
        _ORIGINAL[name](new, *arguments)
    if record.anchors and not new.cert_store_stats()["x509_ca"]:
        raise ValueError("no CA certificate in it")
    return new


def _set(new, context):
    new.check_hostname = False
    for name in _SETTINGS:
        if getattr(new, name) != getattr(context, name):
            setattr(new, name, getattr(context, name))


class FollowingContext(ssl.SSLContext):
    """A context like any other, but for what is said at the head of this module."""

    def load_cert_chain(self, certfile, keyfile=None, password=None):
        _call(self, "load_cert_chain", [], certfile, keyfile, password)

    def load_dh_params(self, path):
        _call(self, "load_dh_params", [], path)

    def load_verify_locations(self, cafile=None, capath=None, cadata=None):
        _call(self, "load_verify_locations", [cafile, capath], cafile, capath, cadata)

    def set_alpn_protocols(self, alpn_protocols):
        _call(self, "set_alpn_protocols", [], alpn_protocols)

    def set_ciphers(self, cipherlist):
        _call(self, "set_ciphers", [], cipherlist)

    def set_default_verify_paths(self):
        _call(self, "set_default_verify_paths", _default_paths())

    def set_ecdh_curve(self, name):
        _call(self, "set_ecdh_curve", [], name)

    def wrap_bio(self, *arguments, session=None, **named):
        current = _current(self)
        # A session is resumed without verification, and belongs to the context that made it.
        session = session if current is self else None
        return _ORIGINAL["wrap_bio"](current, *arguments, session=session, **named)

    def wrap_socket(self, *arguments, session=None, **named):
        current = _current(self)
        session = session if current is self else None
        return _ORIGINAL["wrap_socket"](current, *arguments, session=session, **named)


def context(file):
    """A client's context that trusts the CA certificates of this file, whatever they are at each connection."""
    made = FollowingContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(file)
    return made


def generation(context):
    """How often what this context trusts has changed: who keeps connections drops them where this has grown."""
    _current(context)
    return _record(context).generation


def install():
    """Makes every context of this process follow its files, those included that exist but have read none yet."""
    for name in _ORIGINAL:
        setattr(ssl.SSLContext, name, getattr(FollowingContext, name))
