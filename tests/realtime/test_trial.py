"""Updates that would take long are applied elsewhere first."""

import pytest
from pycrdt import Doc, Text

from realtime.aside import Order
from realtime.document import Document
from realtime.errors import BadUpdate, NeedsTrial
from realtime.lib0 import write_uint
from realtime.trial import Trials

LIMIT = 16 * 2**20


def text_of(length: int) -> bytes:
    """One client, one long string."""
    return b"\x01\x01\x01\x00\x04\x01\x04text" + write_uint(length) + b"a" * length + b"\x00"


def in_the_gap(count: int, client: int, first: int = 0) -> bytes:
    """Items that each lie after the first character and before another one far away."""
    head = b"\x01" + write_uint(count) + write_uint(client) + write_uint(first)
    items = (b"\xc4\x01\x00\x01" + write_uint(clock + 2) + b"\x01b" for clock in range(first, first + count))
    return head + b"".join(items) + b"\x00"


def replace_all(count: int, distance: int) -> bytes:
    """Each `a` of so many, that far apart, becomes `new`."""
    places = [distance * (place + 1) for place in range(count)]
    ids = [(write_uint(place - 1), write_uint(place)) for place in places]
    items = b"".join(b"\xc4\x01" + left + b"\x01" + right + b"\x03new" for left, right in ids)
    deletions = b"".join(right + b"\x01" for _, right in ids)
    return b"\x01" + write_uint(count) + b"\x02\x00" + items + b"\x01\x01" + write_uint(count) + deletions


def document_of(*updates: bytes) -> Document:
    document = Document(LIMIT)
    for update in updates:
        document.apply(update)
    return document


async def take(document: Document, update: bytes) -> bool:
    """Apply it as a room does; whether it had to pass a trial."""
    try:
        document.apply(update)
    except NeedsTrial:
        document.apply(update, passed=(await Trials().run(document, update, nothing)).blocks)
        return True
    return False


async def nothing() -> Order:
    """Of a journal that cannot be read."""
    raise OSError("gone")


def text_in(document: Document) -> str:
    replica: Doc[Text] = Doc()
    replica.apply_update(document.encode())
    return str(replica.get("text", type=Text))


async def test_U10_items_far_from_their_neighbours_are_refused_and_leave_nothing() -> None:
    document, trials = document_of(text_of(20_005)), Trials()
    before, update = document.encode(), in_the_gap(20_000, 2)
    with pytest.raises(NeedsTrial):
        document.apply(update)
    with pytest.raises(BadUpdate, match="too long"):
        await trials.run(document, update, nothing)
    assert document.encode() == before
    assert not document.broken


async def test_U10_deletions_that_cut_a_long_text_into_many_pieces_are_refused() -> None:
    document = document_of(text_of(2_000_000))
    cuts = b"".join(write_uint(2 * place) + b"\x01" for place in range(50_000))
    with pytest.raises(BadUpdate, match="too long"):
        await take(document, b"\x00\x01\x01" + write_uint(50_000) + cuts)


async def test_U10_replacing_all_of_many_words_in_a_large_file_passes() -> None:
    document = document_of(text_of(2_000_000))
    assert await take(document, replace_all(20_000, 99))
    assert text_in(document).count("new") == 20_000


async def test_U10_what_an_editor_wrote_for_hours_offline_passes() -> None:
    document, editor = document_of(text_of(20_000)), Doc[Text]()
    editor.apply_update(document.encode())
    text = editor.get("text", type=Text)
    for place in range(3_000):
        text.insert(5 * place, "word")
    await take(document, editor.get_update(document.state_vector()))
    assert text_in(document) == str(text)


async def test_U10_keystrokes_need_no_trial_even_between_many_pieces() -> None:
    document = document_of(text_of(100_000))
    assert await take(document, replace_all(5_000, 11))
    for clock in range(100):
        assert not await take(document, in_the_gap(1, 3, clock))


async def test_U10_what_came_meanwhile_makes_another_trial_necessary() -> None:
    document = document_of(text_of(20_005))
    update = in_the_gap(1_000, 2)
    passed = await Trials().run(document, update, nothing)
    for client in range(3, 15):
        await take(document, in_the_gap(350, client))
    with pytest.raises(NeedsTrial):
        document.apply(update, passed=passed.blocks)
    assert await take(document, update)


async def test_U10_small_steps_into_the_same_gap_end_once_the_document_is_slow_to_load() -> None:
    document = Document(LIMIT)
    for update in (text_of(20_005), in_the_gap(6_000, 2)):
        assert document.restore(update)
    steps = iter(range(100))
    with pytest.raises(BadUpdate, match="too long"):
        for step in steps:
            await take(document, in_the_gap(25, 3, 25 * step))
    assert next(steps) < 100
