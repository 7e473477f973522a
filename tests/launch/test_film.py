"""Films of anything that can be played."""

import imageio_ffmpeg
import numpy as np
import pytest

from telic.launch.errors import UserError
from telic.launch.film import Shot, shoot
from telic.launch.main import main
from telic.launch.viewer.cast import player_for
from telic.sim.film import write_film

SIZE = (64, 48)


def frames(what, **shot):
    player = player_for(what, None, seed=0)
    return [frame.copy() for frame in shoot(player, Shot(size=SIZE, **shot), lambda _: None)]


def test_a_film_lasts_as_long_as_asked_for():
    shown = frames("cartpole", seconds=0.5, fps=10)
    assert len(shown) == 5 and all(frame.shape == (48, 64, 3) for frame in shown)
    assert (shown[0] != shown[-1]).any()


def test_a_film_of_an_episode_ends_with_it():
    player = player_for("hover", "random", seed=0)
    shown = list(shoot(player, Shot(size=SIZE, fps=50), lambda _: None))
    assert player.readings().episode == 2 and 5 < len(shown) < 250


def test_a_look_changes_the_sky():
    plain, dressed = (frames("inverted_pendulum", seconds=0.03, look=look)[0] for look in ("plain", "robot"))
    # Gymnasium's pendulum hangs in the dark.
    assert plain[0].max() < 40 < dressed[0, :, 2].min()


def test_looks_are_for_mujoco_tasks():
    with pytest.raises(UserError, match="--look person is for MuJoCo tasks"):
        frames("hover", seconds=0.1, look="person")


def test_unknown_cameras_are_refused():
    with pytest.raises(UserError, match="no camera 'front'"):
        frames("cartpole", seconds=0.1, camera="front")


def test_the_verb_writes_a_file(tmp_path, capsys):
    out = tmp_path / "film.mp4"
    words = ["video", "gym:HalfCheetah-v5", "--seconds", "0.2", "--fps", "10", "--size", "64", "48", "--out", str(out)]
    assert main(words) == 0
    reader = imageio_ffmpeg.read_frames(str(out))
    assert next(reader)["size"] == (64, 48)
    assert len(list(reader)) == 2
    assert str(out) in capsys.readouterr().out


def test_a_film_of_nothing_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no frames"):
        write_film(tmp_path / "film.mp4", [])
    assert write_film(tmp_path / "film.mp4", [np.zeros((4, 4, 3), np.uint8)]).stat().st_size > 0
