"""The files of a document: a shared map, id → {path, text} or, of a folder that is kept though empty, {path, folder}.

Entries of any other shape are ignored.
"""

from collections.abc import Iterator
from typing import Any, cast

from pycrdt import Map, MapEvent, Text, TextEvent

from realtime.line_ends import brings_returns


def texts(files: Map[Any]) -> Iterator[tuple[str, str, Text]]:
    """Id, path and text."""
    for file_id in list(files.keys()):
        file = _value(files, file_id)
        if isinstance(file, Map):
            path, text = _value(file, "path"), _value(file, "text")
            if isinstance(path, str) and isinstance(text, Text):
                yield file_id, path, text


def path_of(files: Map[Any], file_id: str) -> str | None:
    file = _value(files, file_id)
    path = _value(file, "path") if isinstance(file, Map) else None
    return path if isinstance(path, str) else None


def folders(files: Map[Any]) -> Iterator[str]:
    """Paths."""
    for file_id in list(files.keys()):
        file = _value(files, file_id)
        if isinstance(file, Map) and _value(file, "folder") is True and isinstance(_value(file, "path"), str):
            yield file["path"]


def with_returns(events: list[Any]) -> Iterator[Text]:
    """The texts into which these events of the map may have brought carriage returns."""
    for event in events:
        if isinstance(event, MapEvent):
            yield from _new_texts(event)
        elif isinstance(event, TextEvent) and brings_returns(cast(Any, event).delta):
            yield cast(Any, event).target


def _new_texts(event: Any) -> Iterator[Text]:
    for change in event.keys.values():
        value = change.get("newValue")
        if isinstance(value, Map):
            value = _value(value, "text")
        if isinstance(value, Text):
            yield value


def _value(values: Map[Any], key: str) -> Any:
    """None for what is not there; a hostile edit can leave keys that the library lists but cannot read."""
    try:
        return values.get(key, None)
    except KeyError:
        return None
