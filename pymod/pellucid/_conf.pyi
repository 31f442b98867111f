"""The directive table of pellucid.toml and its checks (pymod/_conf.c)."""

from typing import Any

version: str

def check(doc: dict[str, Any], sources: dict[str, str] | None = None, /) -> None: ...
def directives() -> list[dict[str, Any]]: ...
