"""Reads what /metrics shows."""

from __future__ import annotations

import re

# An exemplar of OpenMetrics may follow.
SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*?)\})? (\S+)(?: # \{.*\} \S+ \S+)?")
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')

Labels = tuple[tuple[str, str], ...]
Samples = dict[tuple[str, Labels], float]


def parse(text: str) -> Samples:
    """Samples by name and sorted labels; every line must be one, or a comment."""
    samples: Samples = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        name, labels, value = match.groups()
        pairs = tuple(sorted(LABEL.findall(labels or "")))
        assert (name, pairs) not in samples, line
        samples[name, pairs] = float(value)
    return samples


def total(samples: Samples, name: str, **labels: str) -> float:
    """The sum of the samples of that name that have these labels; there must be one."""
    wanted = set(labels.items())
    found = [v for (n, pairs), v in samples.items() if n == name and wanted <= set(pairs)]
    assert found, f"{name} {labels}"
    return sum(found)
