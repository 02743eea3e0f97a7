"""An `ssl.SSLContext` that follows its files: what it trusts changes when they do, also where an anchor leaves.

Python reads CA files once, and OpenSSL never takes an anchor away from a context. So a context here remembers what it was
told. Where a file of CA certificates has changed, a new context is told the same, and makes the connections from then on.
A file that cannot be used changes nothing: what was trusted before stays, and a warning says so.
"""

import functools
import ssl

from trust_adapter._record import CALLS, ORIGINAL, record

__all__ = ["FollowingContext", "context", "generation", "install"]


class FollowingContext(ssl.SSLContext):
    """A context like any other, but for what is said at the head of this module."""


def _following(name):
    def call(self, *arguments, **named):
        record(self).call(name, *arguments, **named)

    def connect(self, *arguments, session=None, **named):
        current = record(self).current()
        # A session is resumed without verification, and belongs to the context that made it.
        return ORIGINAL[name](current, *arguments, session=session if current is self else None, **named)

    return functools.wraps(ORIGINAL[name])(call if name in CALLS else connect)


for _name in ORIGINAL:
    setattr(FollowingContext, _name, _following(_name))


def context(file):
    """A client's context that trusts the CA certificates of this file, whatever they are at each connection."""
    made = FollowingContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(file)
    return made


def generation(context):
    """How often what this context trusts has changed: who keeps connections drops them where this has grown."""
    known = record(context)
    known.current()
    return known.generation


def install():
    """Makes every context of this process follow its files, those included that exist but have read none yet."""
    for name in ORIGINAL:
        setattr(ssl.SSLContext, name, getattr(FollowingContext, name))
