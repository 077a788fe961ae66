"""Who is there, by injected time."""

from realtime.nodes import NodeWatch


class House:
    """A watch of node `me` under a clock that the test moves; a beat is 2 s, silence 6 s."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.gone: list[str] = []
        self.watch = NodeWatch("me", beat_seconds=2.0, silent_seconds=6.0, clock=lambda: self.now)
        self.watch.when_gone(self.gone.append)

    def beats(self, count: int, *heard: str) -> None:
        for _ in range(count):
            self.now += 2.0
            for node in heard:
                self.watch.hear(node)
            self.watch.check()


def test_F6_a_silent_node_is_told_gone_within_eight_seconds_and_once() -> None:
    house = House()
    house.watch.hear("a")
    house.watch.hear("b")
    house.beats(3, "a")
    assert house.gone == []
    house.beats(1, "a")
    assert house.gone == ["b"]
    assert house.watch.nodes == {"a"}
    house.beats(10, "a")
    assert house.gone == ["b"]


def test_F6_a_goodbye_is_told_at_once_and_a_strangers_not_at_all() -> None:
    house = House()
    house.watch.hear("a")
    house.watch.leave("a")
    house.watch.leave("a")
    house.watch.leave("stranger")
    assert house.gone == ["a"]


def test_F5_a_node_that_comes_or_comes_back_is_told_apart_from_one_that_is_there() -> None:
    house = House()
    assert house.watch.hear("a")
    assert not house.watch.hear("a")
    house.beats(4)
    assert house.gone == ["a"]
    assert house.watch.hear("a")
    assert not house.watch.hear("a")


def test_F1_its_own_beat_is_nobodys() -> None:
    house = House()
    assert not house.watch.hear("me")
    assert house.watch.nodes == frozenset()


def test_F7_a_pause_of_our_own_gives_everybody_a_full_silence_again() -> None:
    house = House()
    house.watch.hear("alive")
    house.watch.hear("dead")
    house.now += 60
    house.watch.check()
    assert house.gone == []
    house.beats(3, "alive")
    assert house.gone == []
    house.beats(1, "alive")
    assert house.gone == ["dead"]


def test_F7_a_late_beat_alone_does_not_forgive_the_dead() -> None:
    house = House()
    house.watch.hear("dead")
    for _ in range(3):
        house.now += 3.5
        house.watch.check()
    assert house.gone == ["dead"]


def test_F6_a_listener_that_raises_keeps_nobody_from_hearing() -> None:
    house = House()

    def fail(node: str) -> None:
        raise RuntimeError(node)

    watch = NodeWatch("me", clock=lambda: house.now)
    watch.when_gone(fail)
    watch.when_gone(house.gone.append)
    watch.hear("a")
    watch.leave("a")
    assert house.gone == ["a"]
