"""requests and urllib3: pooled connections are dropped with the anchors that they were made under."""

import os
import unittest
from unittest import mock

import requests
import trust_adapter
import urllib3
from scene import Scene
from trust_adapter.pools import Adapter, PoolManager


class Pools(Scene):
    def check(self, fetch, refused):
        """One pooled connection for two requests; none once its anchor has left."""
        self.export("old")
        fetch("old")
        fetch("old")
        self.assertEqual(self.servers["old"].connections, 1)
        self.export("old", "new")
        fetch("new")
        self.export("new")
        fetch("new")
        with self.assertRaises(refused):
            fetch("old")

    def test_a_requests_session_drops_the_connections_of_an_anchor_that_left(self):
        self.export("old")
        session = requests.Session()
        self.addCleanup(session.close)
        session.mount("https://", Adapter(self.file))
        self.check(lambda name: session.get(self.servers[name].url).raise_for_status(), requests.exceptions.SSLError)

    def test_a_session_trusts_the_file_and_nothing_else(self):
        self.export("old")
        session = requests.Session()
        self.addCleanup(session.close)
        session.mount("https://", Adapter(self.file))
        with mock.patch.dict(os.environ, REQUESTS_CA_BUNDLE=str(self.pki / "new-root.pem")):
            session.get(self.servers["old"].url).raise_for_status()
            with self.assertRaises(requests.exceptions.SSLError):
                session.get(self.servers["new"].url)

    def test_a_urllib3_pool_drops_the_connections_of_an_anchor_that_left(self):
        self.export("old")
        pool = PoolManager(self.file)
        self.addCleanup(pool.clear)
        self.check(
            lambda name: pool.request("GET", self.servers[name].url, retries=False).release_conn(),
            urllib3.exceptions.SSLError,
        )


if __name__ == "__main__":
    unittest.main()
