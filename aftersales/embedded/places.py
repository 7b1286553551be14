"""Where the servers keep their files and as whom they run, whoever starts them and wherever the checkout lies."""

import os
import pwd
import secrets
import shutil
import socket
import string
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

# Where root puts what the servers' own user must reach when the checkout lies in a folder closed to others (/root).
SYSTEM_STATE = Path("/var/lib/aftersales")
SYSTEM_CACHE = Path("/var/cache/aftersales")


class Trouble(Exception):
    """Something the person at the terminal can mend; the message says how."""


@dataclass(frozen=True)
class Servant:
    """The unprivileged user that runs the servers when root starts them: PostgreSQL refuses root."""

    uid: int
    gid: int

    @property
    def popen(self) -> dict[str, object]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def servant_for(folder: Path) -> Servant | None:
    """Who runs the server whose data lie in `folder`: nobody in particular, unless we are root."""
    if os.geteuid() != 0:
        return None
    if folder.exists() and (owner := folder.stat()).st_uid != 0:
        return Servant(owner.st_uid, owner.st_gid)  # data made by an ordinary user stay that user's
    try:
        nobody = pwd.getpwnam("nobody")  # initdb looks its user up by name, so it must be a listed one
    except KeyError:
        raise Trouble("There is no user `nobody` to run PostgreSQL as: start this as an ordinary user.") from None
    return Servant(nobody.pw_uid, nobody.pw_gid)


def may(servant: Servant | None, test: str, path: Path) -> bool:
    """Whether the servant passes `test -x PATH`, asked of the kernel as that user instead of reckoned from modes."""
    if servant is None:
        return True
    asked = subprocess.run(
        ["/bin/sh", "-c", 'test "$1" "$2"', "sh", test, str(path)],
        cwd="/",
        stderr=subprocess.DEVNULL,
        check=False,
        **servant.popen,  # type: ignore[call-overload]
    )
    return asked.returncode == 0


def data_folder(home: Path, name: str) -> tuple[Path, Servant | None]:
    """A private folder for one server's data: `home/name`, or a link there to a place its user can reach."""
    folder = home / name
    if folder.is_symlink() and not folder.exists():
        raise Trouble(f"{folder} points to {os.readlink(folder)}, which is gone. Restore it, or remove the link.")
    servant = servant_for(folder)
    if not folder.exists():
        if may(servant, "-x", home):
            folder.mkdir(mode=0o700)
        else:
            # Drawn, not reckoned from the path: a fresh clone in the same place must not find data of lost passwords.
            elsewhere = SYSTEM_STATE / secrets.token_hex(6) / name
            elsewhere.mkdir(parents=True, exist_ok=True)
            for passage in (SYSTEM_STATE, elsewhere.parent):
                passage.chmod(0o711)  # whatever the umask: passable, not listable
            elsewhere.chmod(0o700)
            folder.symlink_to(elsewhere)
        if servant:
            os.chown(folder, servant.uid, servant.gid)
    if servant is None and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise Trouble(
            f"{folder} belongs to another user (was it made by root?). Run as that user, or set AFTERSALES_HOME."
        )
    return folder.resolve(), servant


def reachable(base: Path, parts: Sequence[str], probe: str, servant: Servant | None, *, label: str) -> Path:
    """`base`, or a copy of its `parts` under /var/cache when the servant may not execute `base/probe`."""
    if may(servant, "-x", base / probe):
        return base
    copy = SYSTEM_CACHE / label
    if not may(servant, "-x", copy / probe):
        fresh = copy.with_name(f"{label}.{os.getpid()}")
        fresh.mkdir(parents=True, mode=0o755)
        for part in parts:
            if (base / part).is_dir():
                shutil.copytree(base / part, fresh / part, symlinks=True)
            elif (base / part).exists():
                shutil.copy2(base / part, fresh / part)
        for path in [fresh.parent, fresh, *fresh.rglob("*")]:  # a umask of 077 may have closed every file of the venv
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        shutil.rmtree(copy, ignore_errors=True)
        fresh.rename(copy)
    return copy


def home_folder(path: Path) -> Path:
    """The folder of everything one installation keeps; closed to others, but passable for root's servant."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o711 if os.geteuid() == 0 else 0o700)
    except OSError as error:
        raise Trouble(f"Cannot use {path} (AFTERSALES_HOME): {error.strerror}.") from error
    return path.resolve()


def kept(path: Path, make: Callable[[], str]) -> str:
    """The secret in `path`, made on first use and readable by its owner only."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    except PermissionError as error:
        raise Trouble(
            f"Cannot read {path}: it belongs to another user. Run as that user, or set AFTERSALES_HOME."
        ) from error
    fresh = path.with_suffix(f".{os.getpid()}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(make() + "\n")
    fresh.rename(path)  # whole or not at all: half a key would lock its owner out
    return path.read_text().strip()


def secret() -> str:
    return secrets.token_urlsafe(48)


def partner_key() -> str:
    """`ask_`, 8 lower-case letters or digits, `_`, 40 letters or digits."""
    low, mixed = string.ascii_lowercase + string.digits, string.ascii_letters + string.digits
    return f"ask_{''.join(secrets.choice(low) for _ in range(8))}_{''.join(secrets.choice(mixed) for _ in range(40))}"


def free_port(wish: int = 0) -> int:
    """`wish` if nobody listens there on the loopback, else a port that the kernel picks."""
    for port in (wish, 0) if wish else (0,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do: TIME_WAIT is no owner
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Trouble("No free port on 127.0.0.1.")
