"""A run from outside: live output, input, stop, queue, results."""

import asyncio
import time

import msgspec
import pytest

from exec_pool.errors import BadRequest, InputFull, LanguageUnavailable, RunnerFull, RunOver
from exec_pool.limits import ExecSettings, Limits
from exec_pool.runner_pool import Runner
from exec_pool.runs import Event, Output, Usage
from tests.exec_pool.playground import SHORT, perform, python, request, start, until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("exec")]

WAIT = "import sys\nprint('here')\nsys.stdin.read()\n"


async def test_X40_the_first_line_arrives_while_it_runs(sandbox: Runner) -> None:
    run, heard = start(sandbox, request("python", "print('first'); input(); print('second')"))
    await until(lambda: heard.text() == "first\n")
    assert not run.over
    run.write(b"\n")
    assert (await run.result()).status == "ok"
    assert heard.text() == "first\nsecond\n"


async def test_X40_streams_keep_their_order_and_their_bytes(sandbox: Runner) -> None:
    text = (
        "import os\nfor i in range(300):\n    os.write(1, b'%d ' % i)\nos.write(2, bytes(range(256)))\n"
        "os.write(1, b'end')"
    )
    outcome = await python(sandbox, text)
    assert outcome.text() == "".join(f"{i} " for i in range(300)) + "end"
    errors = b"".join(e.data for e in outcome.events if isinstance(e, Output) and e.stream == "stderr")
    assert errors == bytes(range(256))


async def test_X40_a_trickle_comes_in_few_pieces(sandbox: Runner) -> None:
    outcome = await python(sandbox, "import os\nfor i in range(20000): os.write(1, b'x')")
    assert outcome.text() == "x" * 20_000
    assert len(outcome.events) < 1500


async def test_usage_is_told_about_twice_a_second(sandbox: Runner) -> None:
    run, heard = start(sandbox, request("python", "held = bytearray(50 << 20)\nwhile True: pass"))
    await until(lambda: sum(isinstance(event, Usage) for event in heard.events) >= 2)
    run.stop()
    result = await run.result()
    seen = [event for event in heard.events if isinstance(event, Usage)]
    assert seen[-1].memory_bytes > 50 << 20
    assert 0 < seen[0].cpu_seconds < seen[1].cpu_seconds <= result.cpu_seconds
    assert result.memory_bytes > 50 << 20


async def test_X41_what_is_typed_is_echoed(sandbox: Runner) -> None:
    run, heard = start(sandbox, request("python", "while True: print('<' + input() + '>')"))
    for word in ("one", "two", "dreißig"):
        run.write(f"{word}\n".encode())
        await until(lambda word=word: heard.text().endswith(f"<{word}>\n"))  # type: ignore[misc]
    run.close_stdin()
    assert (await run.result()).status == "failed"
    assert "EOFError" in heard.text("stderr")


async def test_X41_initial_input_comes_first(sandbox: Runner) -> None:
    run, heard = start(sandbox, request("bash", "cat", stdin=b"one\n"))
    run.write(b"two\n")
    run.close_stdin()
    await run.result()
    assert heard.text() == "one\ntwo\n"


async def test_X41_input_is_bounded_and_nothing_of_it_is_lost(sandbox: Runner) -> None:
    run, heard = start(sandbox, request("bash", "read go; wc -c", limits=Limits()))
    sent, piece = 0, b"x" * 65_536
    with pytest.raises(InputFull):
        for _ in range(100):
            run.write(piece)
            sent += len(piece)
    assert sent == 1 << 20
    with pytest.raises(InputFull):
        run.write(piece)
    run.close_stdin()
    with pytest.raises(RunOver):
        run.write(b"more")
    await run.result()
    assert heard.text().strip() == "0"  # no line end came, so `read` took it all
    with pytest.raises(RunOver):
        run.write(b"more")


async def test_X41_a_megabyte_of_input_arrives(sandbox: Runner) -> None:
    run, heard = start(sandbox, request("python", "import sys; print(len(sys.stdin.buffer.read()))"))
    for _ in range(16):
        run.write(b"y" * 65_536)
    run.close_stdin()
    await run.result()
    assert heard.text().strip() == str(1 << 20)


async def test_X41_input_for_a_program_that_does_not_listen_is_dropped(sandbox: Runner) -> None:
    run, heard = start(
        sandbox, request("python", "import os; os.close(0); print('closed'); import time; time.sleep(2)")
    )
    await until(lambda: "closed" in heard.text())
    for _ in range(10):
        run.write(b"z" * 60_000)
    assert (await run.result()).status == "ok"


async def test_X4_stop_kills_the_tree(sandbox: Runner) -> None:
    text = "import os, time\nfor _ in range(5): os.fork()\nprint('up')\nwhile True: time.sleep(1)"
    run, heard = start(sandbox, request("python", text))
    await until(lambda: "up" in heard.text())
    began = time.monotonic()
    run.stop()
    result = await run.result()
    assert result.status == "stopped"
    assert time.monotonic() - began < 20
    run.stop()


async def test_X4_stop_while_it_compiles(sandbox: Runner) -> None:
    text = "template<int N> struct F { enum { v = F<N-1>::v + F<N-2>::v }; };\n#include <regex>\nint main() {}"
    run, _ = start(sandbox, request("cpp", text, limits=Limits()))
    await until(lambda: sandbox.stats().running > 0)
    run.stop()
    assert (await run.result()).status == "stopped"


async def test_X42_the_result_is_one(sandbox: Runner) -> None:
    run, _ = start(sandbox, request("bash", "exit 7"))
    impatient = asyncio.create_task(run.result())
    await asyncio.sleep(0)
    impatient.cancel()
    first, second = await run.result(), await run.result()
    assert first is second
    assert first.exit_code == 7
    assert run.over


async def test_X42_an_owner_that_fails_stops_only_its_own_run(sandbox: Runner) -> None:
    def fail(event: Event) -> None:
        raise RuntimeError("the owner fails")

    run = sandbox.submit(request("python", WAIT), fail)
    other = await python(sandbox, "print('fine')")
    assert (await run.result()).status == "stopped"
    assert other.text() == "fine\n"


async def test_X43_the_queue_is_bounded() -> None:
    small = Runner(ExecSettings(engine="bubblewrap", slots=1, queue=3, queue_per_lease=2, warm_cells=0))
    await small.open()
    await small.checked()
    try:
        running, heard = start(small, request("python", WAIT))
        await until(lambda: "here" in heard.text())
        waiting = [start(small, request("bash", "echo ran", lease=lease)) for lease in ("a", "a", "b")]
        for lease in ("a", "c"):
            with pytest.raises(RunnerFull):
                small.submit(request("bash", "true", lease=lease), print)
        assert small.stats().queued == 3
        assert small.stats().refused == 2
        waiting[2][0].stop()
        assert (await waiting[2][0].result()).status == "stopped"
        with pytest.raises(RunnerFull):
            small.submit(request("bash", "true", lease="a"), print)
        running.close_stdin()
        assert [(await run.result()).status for run, _ in waiting[:2]] == ["ok", "ok"]
        assert small.stats().finished == {"ok": 3, "stopped": 1}
    finally:
        await small.close()


async def test_X43_wrong_requests_are_refused_at_once(sandbox: Runner) -> None:
    good = request("python", "print()")
    wrong = [
        msgspec.structs.replace(good, entry="other.py"),
        msgspec.structs.replace(good, args=("a\0b",)),
        msgspec.structs.replace(good, limits=msgspec.structs.replace(SHORT, processes=0)),
        msgspec.structs.replace(good, limits=msgspec.structs.replace(SHORT, memory_bytes=1 << 62)),
        msgspec.structs.replace(good, files={**good.files, "big": b"x" * (17 << 20)}),
    ]
    for request_ in wrong:
        with pytest.raises(BadRequest):
            sandbox.submit(request_, print)
    with pytest.raises(LanguageUnavailable):
        sandbox.submit(msgspec.structs.replace(good, language="cobol"), print)


async def test_many_at_once(sandbox: Runner) -> None:
    outcomes = await asyncio.gather(*(python(sandbox, f"print({n})", lease=f"r{n % 7}") for n in range(40)))
    assert [outcome.text() for outcome in outcomes] == [f"{n}\n" for n in range(40)]


async def test_signals_have_names(sandbox: Runner) -> None:
    outcome = await perform(sandbox, request("bash", "kill -SEGV $$"))
    assert (outcome.result.status, outcome.result.exit_code, outcome.result.signal) == ("failed", None, 11)
    assert "SIGSEGV" in outcome.result.message
