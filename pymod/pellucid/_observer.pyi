"""The observer: export and admin address (pymod/_observer.c)."""

from typing import Any

def run(
    doc: dict[str, Any],
    shm_fd: int,
    event_fd: int,
    control_fd: int,
    admin_fds: list[int],
    /,
) -> None: ...
