"""The rests of a busy event loop, on a clock of our own."""

from realtime.pace import BUSY_SECONDS, REST_SECONDS, Pace


class Loop:
    """Turns follow each other after so many seconds, besides the rests."""

    def __init__(self) -> None:
        self.now = 100.0
        self.rests = 0
        self.pace = Pace(lambda: self.now, self._rest)

    def _rest(self, seconds: float) -> None:
        self.now += seconds
        self.rests += 1

    def turn(self, times: int, *, every: float) -> int:
        """How often it rested."""
        before = self.rests
        for _ in range(times):
            self.now += every
            self.pace.rest()
        return self.rests - before


def test_S6_a_loop_that_turns_very_often_rests() -> None:
    loop = Loop()
    loop.turn(20, every=BUSY_SECONDS / 4)
    assert loop.turn(100, every=BUSY_SECONDS / 4) == 100


def test_S6_a_quiet_loop_never_rests() -> None:
    loop = Loop()
    for _ in range(10):
        assert loop.turn(4, every=BUSY_SECONDS / 4) == 0
        assert loop.turn(2, every=1.0) == 0
    assert loop.turn(1000, every=2 * BUSY_SECONDS) == 0


def test_S6_a_loop_whose_turns_are_long_has_no_time_to_rest() -> None:
    loop = Loop()
    loop.turn(100, every=BUSY_SECONDS / 4)
    loop.turn(4, every=1.1 * BUSY_SECONDS)
    assert loop.turn(1000, every=1.1 * BUSY_SECONDS) == 0


def test_S6_rests_end_when_it_gets_quiet() -> None:
    loop = Loop()
    loop.turn(1000, every=BUSY_SECONDS - REST_SECONDS - 0.0001)
    assert loop.turn(4, every=0.1) <= 2
    assert loop.turn(1000, every=0.1) == 0
