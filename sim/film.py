"""Films: frames to an MP4 file that browsers play."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import imageio_ffmpeg

from telic.sim.canvas import Frame


def write_film(path: str | Path, frames: Iterable[Frame], fps: int = 30) -> Path:
    """Write frames as they come.

    Args:
        path: The file to write.
        frames: (height, width, 3) each, all of one size, with even sides.
        fps: Frames per second.

    Returns:
        The path.

    Raises:
        ValueError: If there is no frame.
    """
    waiting: Iterator[Frame] = iter(frames)
    first = next(waiting, None)
    if first is None:
        raise ValueError(f"there are no frames for {path}")
    height, width, _ = first.shape
    writer = imageio_ffmpeg.write_frames(
        str(path), (width, height), fps=fps, quality=7, macro_block_size=2, output_params=["-movflags", "+faststart"]
    )
    writer.send(None)
    try:
        writer.send(first.tobytes())
        for frame in waiting:
            writer.send(frame.tobytes())
    finally:
        writer.close()
    return Path(path)
