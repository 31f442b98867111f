"""cpython.gc.*: what the garbage collector does between two looks."""

from __future__ import annotations

import gc
import unittest
from typing import Any
from unittest import mock

import _fake_worker as worker

SECOND = 1_000_000_000


class Knot:
    """Garbage that only the collector finds."""

    def __init__(self) -> None:
        self.itself = self


class GcCase(unittest.TestCase):
    def setUp(self) -> None:
        gc.collect()
        gc.disable()
        self.addCleanup(gc.enable)
        worker.gc_open()
        self.addCleanup(worker.gc_close)

    def test_what_was_before_does_not_count(self) -> None:
        worker.gc_look()
        self.assertEqual({v for k, v in worker.vitals().items() if k.startswith("GC_")}, {0})

    def test_collections_by_generation(self) -> None:
        gc.collect(0)
        gc.collect(2)
        gc.collect(2)
        worker.gc_look()
        found = worker.vitals()
        self.assertEqual(found["GC_2"], 2)
        self.assertEqual(found["GC_0"] + found["GC_1"], 1)

    def test_objects_that_were_collected(self) -> None:
        for _ in range(50):
            Knot()
        gc.collect(2)
        worker.gc_look()
        self.assertGreaterEqual(worker.vitals()["GC_COLLECTED_2"], 50)

    def test_each_counts_once(self) -> None:
        gc.collect(2)
        worker.gc_look()
        worker.gc_look()
        self.assertEqual(worker.vitals()["GC_2"], 1)
        gc.collect(2)
        worker.gc_close()
        self.assertEqual(worker.vitals()["GC_2"], 2)

    def test_once_a_second(self) -> None:
        self.assertTrue(worker.gc_is_due(5 * SECOND))
        self.assertFalse(worker.gc_is_due(5 * SECOND))
        self.assertFalse(worker.gc_is_due(6 * SECOND - 1))
        self.assertTrue(worker.gc_is_due(6 * SECOND))

    def test_an_app_that_replaces_the_statistics(self) -> None:
        for stats in (None, [], [1, 2, 3], [{}, {"collections": "x"}, {}], [{}] * 9):
            self.look_at(mock.Mock(return_value=stats))
        self.look_at(mock.Mock(side_effect=RuntimeError))

    def look_at(self, get_stats: Any) -> None:
        """A look with that in the place of gc.get_stats: it must not raise, nor count."""
        worker.gc_close()
        with mock.patch("gc.get_stats", get_stats):
            worker.gc_open()
            worker.gc_look()
        self.assertEqual(worker.vitals()["GC_2"], 0)


if __name__ == "__main__":
    unittest.main()
