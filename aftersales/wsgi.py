"""Pages and the API, for a threaded WSGI server."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aftersales.settings")
application = get_wsgi_application()

# What is loaded stays for the life of the process: loaded before the first request and taken out of the collector's
# sight, it is not walked again and again. A full collection over all of it held every thread for tens of milliseconds.
_patterns = get_resolver().url_patterns
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 50)
