"""The product's settings with one app more; ROOT_URLCONF from BENCH_URLS, so that one module serves both servers."""

import os

from aftersales.settings import *  # noqa: F403
from aftersales.settings import DATABASES, INSTALLED_APPS, ROOT_URLCONF

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.baseline"]
ROOT_URLCONF = os.environ.get("BENCH_URLS", ROOT_URLCONF)
if ROOT_URLCONF == "benchmarks.baseline.urls":
    MIDDLEWARE: list[str] = []  # the barest: no session, no language, no log
    DATABASES["default"]["ENGINE"] = "django.db.backends.postgresql"  # Django as it comes
