"""`healthcheck.py PORT [PATH]`: exit 0 when the process of this container answers."""

import http.client
import os
import sys

port, *path = sys.argv[1:]
# The name by which people call it: any other is refused with 400.
host = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].lstrip(".") or "localhost"
try:
    link = http.client.HTTPConnection("127.0.0.1", int(port), timeout=4)
    link.connect()
    if path:
        link.request("GET", path[0], headers={"Host": host})
        if link.getresponse().status != 200:
            sys.exit(1)
except OSError:
    sys.exit(1)
