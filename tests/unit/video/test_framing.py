"""What of a film is picture: borders and dead ends are found, and a film without them is not touched."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from divescore.video.framing import (
    Borders,
    activity,
    begins,
    block_means,
    borders,
    ends,
    perhaps_bordered,
    span,
    uniform,
)

SHAPE = (96, 128)
Greys = NDArray[np.uint8]


def scene(count: int = 16, speed: int = 3, seed: int = 0) -> Greys:
    """A textured world that a camera moves over."""
    rng = np.random.default_rng(seed)
    coarse = np.kron(rng.integers(30, 220, (30, 50)), np.ones((8, 8)))
    world = np.clip(coarse + rng.normal(0, 12, coarse.shape), 0, 255)
    rows, columns = SHAPE
    moved = [world[speed * n : speed * n + rows, 2 * speed * n : 2 * speed * n + columns] for n in range(count)]
    return np.stack(moved).astype(np.uint8)


def barred(greys: Greys, level: int = 0, top: int = 0, bottom: int = 0, left: int = 0) -> Greys:
    found = greys.copy()
    noise = np.random.default_rng(1).integers(0, 3, greys.shape).astype(np.uint8)
    for part in (np.s_[:, :top], np.s_[:, SHAPE[0] - bottom :], np.s_[:, :, :left]):
        found[part] = level + noise[part]
    return found


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (16, 16), (96, 128), (270, 480)])
def test_a_picture_is_of_one_colour_but_for_few_of_its_pixels(shape: tuple[int, int]) -> None:
    """By the definition, with a median of all pixels: grain at the limit, and as many strays as may be, or more."""
    rng = np.random.default_rng(5)
    for _ in range(60):
        grain, share = int(rng.choice([0, 11, 12, 13, 40])), float(rng.choice([0.0, 0.0028, 0.003, 0.0032, 0.02]))
        pictures = np.clip(rng.integers(0, 256) + rng.integers(-grain, grain + 1, (3, *shape)), 0, 255)
        stray = rng.random(pictures.shape) < share
        pictures = np.where(stray, rng.integers(0, 256, pictures.shape), pictures).astype(np.uint8)

        off = np.abs(pictures - np.median(pictures, axis=(1, 2), keepdims=True)) > 12
        assert uniform(pictures).tolist() == (off.mean(axis=(1, 2)) < 0.003).tolist()


def test_a_moving_camera_has_no_borders() -> None:
    assert borders(scene()) == Borders()
    assert not perhaps_bordered(scene())


def test_a_still_camera_has_no_borders() -> None:
    assert borders(scene(speed=0)) == Borders()


@pytest.mark.parametrize("level", [0, 16, 128])
def test_bars_of_one_colour_are_found(level: int) -> None:
    found = borders(barred(scene(), level, top=20, bottom=20))

    assert found == Borders(top=20 / 96, bottom=20 / 96)


def test_a_dark_bar_on_one_side_is_found() -> None:
    assert borders(barred(scene(), 8, left=24)) == Borders(left=24 / 128)


def test_a_bright_area_on_one_side_is_part_of_the_picture() -> None:
    assert borders(barred(scene(), 200, top=24)) == Borders()


def test_a_dark_hall_that_grows_lighter_downwards_is_no_border() -> None:
    greys = scene().astype(np.float32)
    shade = np.clip((np.arange(96) - 20) / 60, 0, 1)[None, :, None]

    assert borders((greys * shade).astype(np.uint8)) == Borders()


def test_thin_bars_stay() -> None:
    assert borders(barred(scene(), 0, top=2, bottom=2)) == Borders()


@pytest.mark.parametrize("turned", [False, True])
def test_blurred_borders_are_found(turned: bool) -> None:
    greys = scene()
    framed = np.stack([cv2.GaussianBlur(grey, (0, 0), 5) for grey in greys])
    framed[:, 24:72] = greys[:, 24:72]

    framed = framed.transpose(0, 2, 1) if turned else framed
    found = borders(framed)

    assert perhaps_bordered(framed)
    assert found == (Borders(left=0.25, right=0.25) if turned else Borders(top=0.25, bottom=0.25))


def test_a_sharp_picture_before_a_blurred_background_is_left_alone() -> None:
    greys = scene().copy()
    # Sharp in a band that the camera moves through: its edges do not stand still.
    for number, grey in enumerate(greys):
        top = 10 + 3 * number
        grey[:top], grey[top + 30 :] = 100, 100

    assert borders(greys) == Borders()


def looks(greys: Greys) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    return block_means(greys), uniform(greys)


def test_a_still_before_the_film_ends_at_its_first_frame() -> None:
    moving = scene(12)
    film = np.concatenate([np.repeat(moving[:1], 20, axis=0), moving[1:]])
    found = activity(film)

    assert found is not None
    assert (found.first, found.last) == (19, 30)
    assert begins(*looks(film[10:25]), found.noise) == 9


def test_black_before_and_after_the_film_is_left_out() -> None:
    moving, black = scene(12), np.full((10, *SHAPE), 3, dtype=np.uint8)
    film = np.concatenate([black, moving, black])
    found = activity(film)

    assert found is not None
    assert (found.first, found.last) == (10, 21)
    assert begins(*looks(film[8:14]), found.noise) == 2
    assert ends(*looks(film[18:26]), found.noise) == 3


def test_a_still_after_the_film_begins_at_its_last_frame_whatever_the_codec_makes_of_it() -> None:
    moving = scene(12)
    noise = np.random.default_rng(2).integers(-1, 2, (20, *SHAPE))
    film = np.concatenate([moving, np.clip(moving[-1] + noise, 0, 255).astype(np.uint8)])
    found = activity(film)

    assert found is not None
    assert (found.first, found.last) == (0, 11)
    assert ends(*looks(film[5:20]), found.noise) == 6


def test_nothing_moves_in_a_still() -> None:
    assert activity(np.repeat(scene(1), 30, axis=0)) is None


def test_short_stills_stay() -> None:
    assert span(0.0, 3.0, 0.4, 2.6) is None
    assert span(0.0, 5.0, 2.0, 4.8) == (2.0, 5.0)
    assert span(0.0, 5.0, 2.0, 2.3) is None
