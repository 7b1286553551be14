"""`make manage DO="…"`: manage.py on the system that `make run` started, with its addresses and its secrets."""

import json
import os
import sys

from aftersales.embedded import places
from aftersales.embedded.places import Trouble
from aftersales.embedded.postgres import NAME
from aftersales.embedded.run import CHECKOUT


def environment(environ: dict[str, str]) -> dict[str, str]:
    """What `make run` gives its processes, read from its home; what the caller sets wins."""
    home = places.home_folder(CHECKOUT / environ.get("AFTERSALES_HOME", "var"))
    try:
        ports = json.loads((home / "ports.json").read_text())
        database = f"postgresql://{NAME}:{(home / 'postgres.password').read_text().strip()}@127.0.0.1"
        broker = f"redis://:{(home / 'valkey.password').read_text().strip()}@127.0.0.1"
        found = {"DATABASE_URL": f"{database}:{ports['postgres']}/{NAME}", "REDIS_URL": f"{broker}:{ports['valkey']}/0"}
    except (FileNotFoundError, KeyError):
        found = {}
    found |= {"SECRET_KEY": places.kept(home / "secret_key", places.secret), "DEMO_ALLOWED": "1"}
    given = {key: value for key, value in environ.items() if value}
    environ = {**found, **given, "AFTERSALES_HOME": str(home)}
    if missing := {"DATABASE_URL", "REDIS_URL"} - environ.keys():
        raise Trouble(
            f"{' and '.join(sorted(missing))} not set, and nothing was started in {home} yet: `make run` first."
        )
    return environ


if __name__ == "__main__":
    try:
        given = environment(dict(os.environ))
    except Trouble as trouble:
        sys.exit(str(trouble))
    os.execve(sys.executable, [sys.executable, str(CHECKOUT / "manage.py"), *sys.argv[1:]], given)
