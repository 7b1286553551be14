"""A small load tool: clients in threads, each with one connection that stays open."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Request = tuple[str, str, bytes | None, Mapping[str, str]]  # method, path, body, headers


@dataclass
class Result:
    """What one round saw; times in milliseconds."""

    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.times) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        times = sorted(self.times)
        return times[min(len(times) - 1, int(len(times) * share))] if times else 0.0

    def add(self, other: Result) -> None:
        self.seconds += other.seconds
        self.times += other.times
        self.statuses += other.statuses


def run(
    port: int,
    request: Callable[[int], Request],
    *,
    clients: int = 1,
    seconds: float = 0.0,
    count: int = 0,
) -> Result:
    """Send `count` requests, or as many as fit into `seconds`; `request` makes the n-th one."""
    results = [Result() for _client in range(clients)]
    numbers = iter(range(10**9))
    lock = threading.Lock()
    began = time.perf_counter()

    def client(result: Result) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while True:
            with lock:
                number = next(numbers)
            if (count and number >= count) or (seconds and time.perf_counter() - began >= seconds):
                break
            method, path, body, headers = request(number)
            start = time.perf_counter()
            try:
                connection.request(method, path, body=body, headers=dict(headers))
                answer = connection.getresponse()
                answer.read()
                status = answer.status
            except (OSError, http.client.HTTPException):
                connection.close()
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                status = 0
            result.times.append((time.perf_counter() - start) * 1000)
            result.statuses[status] += 1
        connection.close()

    threads = [threading.Thread(target=client, args=(result,)) for result in results]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = Result()
    for result in results:
        whole.add(result)
    whole.seconds = time.perf_counter() - began
    return whole
