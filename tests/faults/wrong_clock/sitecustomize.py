"""Loaded by a Python that finds this folder on its path: its clock is wrong by WRONG_CLOCK_SECONDS from then on."""

import os
from datetime import UTC, datetime, timedelta

import time_machine

_wrong = timedelta(seconds=float(os.environ["WRONG_CLOCK_SECONDS"]))
time_machine.travel(datetime.now(UTC) + _wrong, tick=True).start()
