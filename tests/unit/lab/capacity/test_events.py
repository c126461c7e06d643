"""The clock jumps, and never back."""

from divescore.lab.capacity.events import Clock


def test_events_happen_in_time_and_then_in_the_order_of_planning() -> None:
    clock, seen = Clock(), []
    for name, moment in (("c", 2.0), ("a", 1.0), ("d", 2.0), ("b", 1.0)):
        clock.at(moment, lambda name=name: seen.append((clock.now, name)))  # type: ignore[misc]
    clock.run()
    assert seen == [(1.0, "a"), (1.0, "b"), (2.0, "c"), (2.0, "d")]


def test_what_is_planned_for_the_past_happens_now() -> None:
    clock, seen = Clock(), []
    clock.at(5.0, lambda: clock.at(1.0, lambda: seen.append(clock.now)))
    clock.run()
    assert seen == [5.0]


def test_a_run_may_end_early_and_go_on() -> None:
    clock, seen = Clock(), []
    for moment in (1.0, 2.0, 3.0):
        clock.at(moment, lambda: seen.append(clock.now))
    clock.run(until=2.0)
    assert seen == [1.0, 2.0]
    clock.run()
    assert seen == [1.0, 2.0, 3.0]
