"""What a rendered frame shows."""

import numpy as np
import pytest

from divescore.dives import parse_dive
from divescore.lab.datasets.frame_labels import FRAME_LABEL, PHASES, REACH, UNKNOWN, frame_labels_of
from divescore.lab.rendering.dive import RenderedDive
from divescore.lab.rendering.flaws import Flaws
from divescore.lab.rendering.motion import GRAVITY
from divescore.lab.rendering.negatives import build_negative
from divescore.scoring.mini import features, localisation

ASPECT = 4 / 3


def dive(seed: int) -> RenderedDive:
    return RenderedDive(parse_dive("107B"), Flaws(), 10.0, seed)


@pytest.mark.parametrize("seed", range(6))
def test_the_diver_is_where_the_labels_say(seed: int) -> None:
    film = dive(seed)
    moment = film.motion.timing.take_off + 0.3
    empty = RenderedDive(parse_dive("107B"), Flaws(), 10.0, seed)
    empty._painter.draw_body = lambda *_: None  # type: ignore[method-assign]

    changed = (film.frame(moment, 320, 240).astype(int) - empty.frame(moment, 320, 240)).__abs__().max(axis=2) > 12

    labels = frame_labels_of(film, moment, ASPECT)
    rows, columns = np.nonzero(changed)
    x, y, reach = (float(labels[FRAME_LABEL[name]]) for name in ("x", "y", "reach"))
    assert abs(columns.mean() / 320 - x) < 0.25 * reach
    assert abs(rows.mean() / 240 - y) < 0.25 * reach
    assert np.ptp(rows) / 240 < 2 * reach
    head = (x + float(labels[FRAME_LABEL["head_x"]]) * reach / ASPECT, y + float(labels[FRAME_LABEL["head_y"]]) * reach)
    near = changed[int(head[1] * 240) - 3 : int(head[1] * 240) + 4, int(head[0] * 320) - 3 : int(head[0] * 320) + 4]
    assert near.any()


def test_phases_follow_one_another() -> None:
    film = dive(3)
    moments = np.linspace(0.4, film.seconds - 0.05, 60)
    phases = [PHASES[int(frame_labels_of(film, float(moment), ASPECT)[FRAME_LABEL["phase"]])] for moment in moments]

    assert [phase for phase, before in zip(phases, ["", *phases], strict=False) if phase != before] == list(PHASES[1:])


def test_the_line_of_the_entry_is_labelled_while_a_body_sticks_out_of_the_water() -> None:
    film = dive(3)
    entry = film.motion.timing.entry
    touching, gone = (frame_labels_of(film, entry + after, ASPECT) for after in (0.03, 0.6))

    assert PHASES[int(touching[FRAME_LABEL["phase"]])] == "water"
    assert touching[FRAME_LABEL["body_seen"]] == 1.0
    assert abs(float(touching[FRAME_LABEL["lean_sin"]])) < 0.1
    assert gone[FRAME_LABEL["body_seen"]] == 0.0


def test_the_network_counts_the_phases_as_the_labels_do() -> None:
    assert len(PHASES) == localisation.PHASES
    assert (PHASES.index("flight"), PHASES.index("water")) == (localisation.FLIGHT, localisation.WATER)


def test_a_fall_in_the_network_is_as_fast_as_a_drawn_one() -> None:
    assert pytest.approx(GRAVITY / REACH) == features._GRAVITY


def test_mirroring_turns_the_labels_as_well() -> None:
    film = dive(3)
    moment = film.motion.timing.take_off + 0.1
    one = frame_labels_of(film, moment, ASPECT)
    film.mirrored = not film.mirrored
    other = frame_labels_of(film, moment, ASPECT)

    assert one[FRAME_LABEL["x"]] + other[FRAME_LABEL["x"]] == pytest.approx(1.0, abs=1e-5)
    assert one[FRAME_LABEL["lean_sin"]] == pytest.approx(-float(other[FRAME_LABEL["lean_sin"]]), abs=1e-6)
    assert one[FRAME_LABEL["head_x"]] == pytest.approx(-float(other[FRAME_LABEL["head_x"]]), abs=1e-6)
    assert one[FRAME_LABEL["head_y"]] == other[FRAME_LABEL["head_y"]]


def test_other_films_have_no_labels_and_people_are_not_asked_about() -> None:
    assert not frame_labels_of(build_negative("noise", 1), 0.5, ASPECT).any()
    assert frame_labels_of(build_negative("person", 1), 0.5, ASPECT)[FRAME_LABEL["present"]] == UNKNOWN
    assert frame_labels_of(build_negative("cut-off", 4), 0.5, ASPECT)[FRAME_LABEL["reach"]] > 0
