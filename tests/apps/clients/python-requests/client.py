"""A long-running program on requests: one session, made at its start, with the exported file in REQUESTS_CA_BUNDLE."""

import os
import sys

import requests
import urllib3


def session(variant):
    made = requests.Session()
    if variant == "adapted":
        from trust_adapter.pools import Adapter

        made.mount("https://", Adapter(os.environ["TRUST_FILE"]))
    else:
        os.environ["REQUESTS_CA_BUNDLE"] = os.environ["TRUST_FILE"]
    return made


def connect(http, host, port):
    try:
        http.get(f"https://{host}:{port}/", timeout=10).raise_for_status()
        return "accepted"
    except requests.exceptions.SSLError as error:
        words = str(error)
        return ("refused " if "CERTIFICATE_VERIFY_FAILED" in words else "failed ") + words
    except requests.exceptions.RequestException as error:
        return f"failed {error}"


def main():
    http = session(sys.argv[1])
    print("ready requests", f"{requests.__version__}, urllib3 {urllib3.__version__}", flush=True)
    for line in sys.stdin:
        _, host, port = line.split()
        print(connect(http, host, int(port)), flush=True)


main()
