"""`telic data export`: a dataset for other libraries."""

from pathlib import Path

from telic.launch.data import kinds
from telic.launch.data.dataset import Dataset
from telic.launch.data.relabel import readable
from telic.launch.errors import UserError
from telic.replay.errors import did_you_mean
from telic.replay.exchange.hdf5_out import write_hdf5
from telic.replay.exchange.lerobot_out import write_lerobot
from telic.replay.exchange.minari_out import write_minari
from telic.replay.exchange.recording import Recording, Report
from telic.replay.reward import Reward
from telic.rewards.program import load_reward

FORMATS = (kinds.MINARI, kinds.LEROBOT, kinds.HDF5)


def reward_of(dataset: Dataset, wanted: str | None, form: str) -> Reward | str | None:
    """The rewards to take along.

    Args:
        dataset: The dataset.
        wanted: The name of a column or its beginning, or a reward file; None for the only column there is.
        form: The format; LeRobot's needs none.

    Raises:
        UserError: If there is no such column, or several.
    """
    columns = list(dataset.replay.columns)
    if wanted is None:
        if len(columns) == 1:
            return columns[0]
        if form == kinds.LEROBOT:
            return None
        raise UserError(
            f"{form} needs rewards, and {dataset.path} has "
            f"{'no reward column' if not columns else f'several columns: {_listed(columns)}'}; give --reward with a "
            "column or a reward file"
        )
    if Path(wanted).is_file():
        return load_reward(wanted, readable(dataset.replay.schema))
    matching = [name for name in columns if name.startswith(wanted)]
    if len(matching) != 1:
        raise UserError(
            f"--reward {wanted} is no file and names {len(matching)} columns; {did_you_mean(wanted, columns)}"
        )
    return matching[0]


def write(recording: Recording, form: str, out: Path, fps: float | None, task: str | None) -> Report:
    """Write a recording in a format.

    Raises:
        UserError: If the format is unknown, or lacks its rate.
        ReplayError: If the recording is refused.
    """
    if form == kinds.MINARI:
        return write_minari(recording, out, description=task or str(recording.about.get("task", "")))
    if form == kinds.HDF5:
        return write_hdf5(recording, out)
    if form != kinds.LEROBOT:
        raise UserError(f"--format {form!r}; {did_you_mean(form, FORMATS)}")
    rate = recording.about.get("fps") if fps is None else fps
    if rate is None:
        raise UserError("LeRobot's format needs the number of steps per second: give --fps")
    return write_lerobot(recording, out, fps=float(rate), task=task or str(recording.about.get("task", "")))


def _listed(columns: list[str]) -> str:
    return ", ".join(name[:12] for name in columns)
