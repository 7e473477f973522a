"""What a person chooses among: a reward, and a film of the policy that it led to."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from telic.launch.errors import UserError
from telic.launch.film import Shot, shoot
from telic.launch.progress import Progress
from telic.launch.reward.parent import Parent, parent_of
from telic.launch.viewer.cast import player_for
from telic.sim.film import write_film
from telic.sim.gl import NoGraphicsError

# What browsers show, and how it is called.
KINDS = {".mp4": "video/mp4", ".webm": "video/webm", ".webp": "image/webp", ".gif": "image/gif"}
FEWEST, MOST = 2, 9


@dataclass(frozen=True)
class Candidate:
    """One of those to choose among.

    Attributes:
        folder: Where it lies.
        parent: Its reward, and what is known around it.
        film: A film of its policy.
    """

    folder: Path
    parent: Parent
    film: Path

    @property
    def kind(self) -> str:
        """The film's media type."""
        return KINDS[self.film.suffix]


def candidates_in(folders: Sequence[Path], task: str | None, shot: Shot, seed: int) -> tuple[Candidate, ...]:
    """Read the candidates, and film those that were not filmed yet.

    Args:
        folders: Run folders, or folders with a ``reward.py`` and a film or a ``policy.safetensors``.
        task: Their task; that of each run by default.
        shot: How to film.
        seed: Of the filmed episodes: all begin alike.

    Raises:
        UserError: If a folder is none, has no reward, or cannot be filmed; or there are too few or too many.
    """
    if not FEWEST <= len(folders) <= MOST:
        raise UserError(f"{len(folders)} candidates; allowed: {FEWEST} to {MOST}, each with a key of its own")
    if len({folder.resolve() for folder in folders}) != len(folders):
        raise UserError("a candidate is named twice")
    found = []
    for folder in folders:
        if not folder.is_dir():
            raise UserError(f"{folder} is not a folder: name run folders, or folders with a reward.py and a film")
        parent = parent_of(folder if _is_run(folder) else folder / "reward.py", task)
        found.append(Candidate(folder, parent, _film_in(folder) or _filmed(folder, parent.task, shot, seed)))
    tasks = {each.parent.task for each in found}
    if len(tasks) > 1:
        raise UserError(f"the candidates are of different tasks, {', '.join(sorted(tasks))}: nobody can compare them")
    return tuple(found)


def _film_in(folder: Path) -> Path | None:
    """The film that shows most: the run's own video, or the newest one."""
    films = [path for path in folder.iterdir() if path.suffix in KINDS and path.is_file()]
    own = [path for path in films if path.stem == "video"]
    return max(own or films, key=lambda path: path.stat().st_mtime, default=None)


def _is_run(folder: Path) -> bool:
    return (folder / "state.json").is_file()


def _filmed(folder: Path, task: str, shot: Shot, seed: int) -> Path:
    """Film the policy of a run, or the one that lies beside a reward, as `telic video` does."""
    policy = folder / "policy.safetensors"
    if not _is_run(folder) and not policy.is_file():
        kinds = ", ".join(f"*{suffix}" for suffix in KINDS)
        raise UserError(f"{folder} has no film ({kinds}) and no {policy.name} that could be filmed, and is no run")
    path = folder / f"film-{seed}.mp4"
    player = player_for(str(folder), None, seed) if _is_run(folder) else player_for(task, str(policy), seed)
    try:
        with Progress() as progress, progress.stage(f"film {folder.name}") as news:
            return write_film(path, shoot(player, shot, news), shot.fps)
    except NoGraphicsError as error:
        raise UserError(str(error)) from error
    finally:
        player.close()
