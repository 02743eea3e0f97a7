"""requests and urllib3: sessions whose pooled connections are dropped where what is trusted has changed."""

import requests.adapters
import urllib3

from trust_adapter import context, generation

__all__ = ["Adapter", "PoolManager"]


class PoolManager(urllib3.PoolManager):
    """urllib3's pool manager, trusting what stands in one file."""

    def __init__(self, file, **named):
        self._context = context(file)
        self._generation = generation(self._context)
        super().__init__(ssl_context=self._context, **named)

    def urlopen(self, method, url, redirect=True, **named):
        if self._generation != generation(self._context):
            self._generation = generation(self._context)
            self.clear()
        return super().urlopen(method, url, redirect=redirect, **named)


class Adapter(requests.adapters.HTTPAdapter):
    """For `session.mount("https://", Adapter(FILE))`: the session then trusts what stands in this file, and nothing else."""

    def __init__(self, file, **named):
        self._context = context(file)
        self._generation = generation(self._context)
        super().__init__(**named)

    def init_poolmanager(self, *arguments, **named):
        super().init_poolmanager(*arguments, ssl_context=self._context, **named)

    def proxy_manager_for(self, proxy, **named):
        return super().proxy_manager_for(proxy, ssl_context=self._context, **named)

    def cert_verify(self, conn, url, verify, cert):
        super().cert_verify(conn, url, verify, cert)
        # Otherwise urllib3 would add the CA file that comes with requests.
        conn.ca_certs = conn.ca_cert_dir = None

    def send(self, request, *arguments, **named):
        if self._generation != generation(self._context):
            self._generation = generation(self._context)
            self.close()
        return super().send(request, *arguments, **named)
