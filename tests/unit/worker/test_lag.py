"""How late an event loop is: what pel_lag_probe schedules, and what is counted when it has run."""

from __future__ import annotations

import time
import unittest
from collections.abc import Callable

import _fake_worker as worker

SECOND = 1_000_000_000


class LagCase(unittest.TestCase):
    def setUp(self) -> None:
        self.scheduled: list[Callable[[], None]] = []
        self.is_closed = False
        self.soon = self.call_soon  # which the worker borrows
        worker.lag_open(self.soon)
        self.addCleanup(worker.lag_close)

    def call_soon(self, callback: Callable[[], None]) -> object:
        if self.is_closed:
            raise RuntimeError("Event loop is closed")
        self.scheduled.append(callback)
        return object()

    def test_the_time_until_the_callback_runs(self) -> None:
        worker.lag_probe(time.monotonic_ns() - 3 * SECOND)
        self.assertEqual(worker.lags(), (0, 0, 0))
        self.scheduled[0]()
        longest, count, total = worker.lags()
        self.assertEqual((longest, count), (1, 1))
        self.assertGreaterEqual(total, 3 * SECOND)

    def test_one_at_a_time(self) -> None:
        now = time.monotonic_ns()
        worker.lag_probe(now)
        worker.lag_probe(now + 10 * SECOND)
        self.assertEqual(len(self.scheduled), 1)

    def test_ten_times_a_second_at_most(self) -> None:
        worker.lag_probe(time.monotonic_ns())
        self.scheduled[0]()
        ran = time.monotonic_ns()
        worker.lag_probe(ran)
        self.assertEqual(len(self.scheduled), 1)
        worker.lag_probe(ran + SECOND // 10)
        self.assertEqual(len(self.scheduled), 2)

    def test_a_callback_that_runs_again_counts_once(self) -> None:
        worker.lag_probe(time.monotonic_ns())
        self.scheduled[0]()
        self.scheduled[0]()
        self.assertEqual(worker.lags()[1], 1)

    def test_a_closed_loop_is_not_our_affair(self) -> None:
        self.is_closed = True
        worker.lag_probe(time.monotonic_ns())
        self.is_closed = False
        worker.lag_probe(time.monotonic_ns())
        self.assertEqual(len(self.scheduled), 1)

    def test_nothing_once_it_is_closed(self) -> None:
        worker.lag_close()
        worker.lag_probe(time.monotonic_ns())
        self.assertEqual(self.scheduled, [])


if __name__ == "__main__":
    unittest.main()
