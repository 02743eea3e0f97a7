"""The context by itself: the standard library, threads of bad files, settings that must survive."""

import asyncio
import os
import ssl
import subprocess
import sys
import unittest
import urllib.error
import urllib.request
from unittest import mock

import trust_adapter
from scene import ADAPTERS, Scene

URLLIB = """
import ssl, sys, urllib.request
context = ssl.create_default_context() if sys.argv[1] == "default" else ssl.create_default_context(cafile=sys.argv[1])
for url in sys.stdin:
    try:
        urllib.request.urlopen(url.strip(), context=context).read()
        print("accepted", flush=True)
    except OSError as error:
        print("refused", error, flush=True)
"""


class Context(Scene):
    def accepts(self, name, context):
        try:
            urllib.request.urlopen(self.servers[name].url, context=context).close()
        except urllib.error.URLError as error:
            self.assertIsInstance(error.reason, ssl.SSLCertVerificationError)
            return False
        return True

    def accepted(self, context):
        return [name for name in self.servers if self.accepts(name, context)]

    def test_an_anchor_that_comes_is_trusted_and_one_that_leaves_is_not(self):
        self.export("old")
        context = trust_adapter.context(self.file)
        self.assertEqual((self.accepted(context), trust_adapter.generation(context)), (["old"], 0))
        self.export("old", "new")
        self.assertEqual((self.accepted(context), trust_adapter.generation(context)), (["old", "new"], 1))
        self.export("new")
        self.assertEqual((self.accepted(context), trust_adapter.generation(context)), (["new"], 2))

    def test_a_context_of_the_standard_library_goes_on_trusting_what_left(self):
        self.export("old")
        context = ssl.create_default_context(cafile=self.file)
        self.export("new")
        self.assertEqual(self.accepted(context), ["old"])

    def test_a_file_that_cannot_be_used_changes_nothing_until_it_can(self):
        self.export("old")
        context = trust_adapter.context(self.file)
        for text in ("", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
            self.export_text(text)
            with self.assertLogs("trust_adapter", "WARNING") as log:
                self.assertEqual(self.accepted(context), ["old"])
            self.assertEqual(len(log.output), 1, "said once, not at each connection")
        os.unlink(self.exports / "..data")
        self.assertEqual(self.accepted(context), ["old"])
        self.export("new")
        self.assertEqual(self.accepted(context), ["new"])

    def test_a_default_file_that_cannot_be_used_changes_nothing(self):
        self.export("old")
        context = trust_adapter.FollowingContext(ssl.PROTOCOL_TLS_CLIENT)
        with mock.patch.dict(os.environ, SSL_CERT_FILE=str(self.file), SSL_CERT_DIR="/nonexistent"):
            context.load_default_certs()
            for text in ("", "no certificate"):
                self.export_text(text)
                with self.assertLogs("trust_adapter", "WARNING"):
                    self.assertEqual(self.accepted(context), ["old"])
            self.export("new")
            self.assertEqual(self.accepted(context), ["new"])

    def test_what_the_context_was_told_is_told_to_the_one_in_its_place(self):
        self.export("old")
        context = trust_adapter.context(self.file)
        context.set_alpn_protocols(["http/1.1"])
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.export("new")
        context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
        self.assertEqual(self.accepted(context), ["new"])
        context.set_alpn_protocols(["h2"])
        made = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost").context
        self.assertIsNot(made, context)
        self.assertEqual(made.minimum_version, ssl.TLSVersion.TLSv1_3)
        names = [cipher["name"] for cipher in made.get_ciphers()]
        self.assertIn("ECDHE-ECDSA-AES128-GCM-SHA256", names)
        self.assertNotIn("ECDHE-RSA-AES128-GCM-SHA256", names)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.assertEqual(self.accepted(context), ["old", "new"], "a setting that changes later is kept too")

    def test_a_server_that_asks_for_certificates_follows_too(self):
        self.export("old")
        context = trust_adapter.FollowingContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pki / "old.pem", self.pki / "old.key")
        context.set_ecdh_curve("prime256v1")
        context.num_tickets, context.verify_mode = 0, ssl.CERT_REQUIRED
        context.load_verify_locations(self.file)
        self.export("new")
        made = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_side=True).context
        self.assertEqual((made.num_tickets, made.verify_mode), (0, ssl.CERT_REQUIRED))
        self.assertEqual([anchor["subject"][0][0][1] for anchor in made.get_ca_certs()], ["The new root"])

    def test_a_hashed_folder_is_followed_too(self):
        for name in ("old", "new"):
            folder = self.exports / f"..{name}"
            folder.mkdir()
            root = self.pki / f"{name}-root.pem"
            digest = subprocess.run(
                ["openssl", "x509", "-in", root, "-noout", "-subject_hash"], capture_output=True, text=True, check=True
            )
            (folder / f"{digest.stdout.strip()}.0").write_text(root.read_text())
        os.symlink("..old", self.exports / "hashed")
        context = trust_adapter.FollowingContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(capath=self.exports / "hashed")
        self.assertEqual(self.accepted(context), ["old"])
        os.symlink("..new", self.exports / "..next")
        os.rename(self.exports / "..next", self.exports / "hashed")
        self.assertEqual(self.accepted(context), ["new"])

    def test_asyncio_follows_too(self):
        self.export("old")
        context = trust_adapter.context(self.file)

        async def connect(name):
            port = self.servers[name].server_address[1]
            _, writer = await asyncio.open_connection("localhost", port, ssl=context)
            writer.close()

        asyncio.run(connect("old"))
        self.export("new")
        asyncio.run(connect("new"))
        with self.assertRaises(ssl.SSLCertVerificationError):
            asyncio.run(connect("old"))

    def follow(self, argument, **environment):
        """A program that knows nothing of the adapter, run with it: its answers before and after a removal."""
        program = self.exports / "program.py"
        program.write_text(URLLIB)
        command = [sys.executable, "-m", "trust_adapter", program, argument]
        environment = {**os.environ, "PYTHONPATH": str(ADAPTERS / "python/src"), **environment}
        self.export("old")
        with subprocess.Popen(command, stdin=-1, stdout=-1, text=True, env=environment) as process:
            def ask(name):
                process.stdin.write(self.servers[name].url + "\n")
                process.stdin.flush()
                return process.stdout.readline().split()[0]

            before = [ask("old"), ask("new")]
            self.export("new")
            return before + [ask("old"), ask("new")]

    def test_a_program_that_knows_nothing_of_it_follows_its_file(self):
        expected = ["accepted", "refused", "refused", "accepted"]
        self.assertEqual(self.follow(str(self.file)), expected)
        self.assertEqual(self.follow("default", SSL_CERT_FILE=str(self.file), SSL_CERT_DIR="/nonexistent"), expected)


if __name__ == "__main__":
    unittest.main()
