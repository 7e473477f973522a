"""The report, from a made-up run: every part is there, and nothing is fetched."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from telic.control.recording import Flight
from telic.launch.errors import UserError
from telic.launch.folder import RunFolder, write_json
from telic.launch.report.flight_charts import roll_pitch_yaw
from telic.launch.report.page import render
from telic.launch.report.story import read_story

SENTENCE = 'hover & <hold> "still"'
REWARD = '"""Hover."""\n\n\ndef reward(position):\n    return {"place": -norm(position)}\n'
PROOFS = {
    "vectors": 1500,
    "instructions_per_step": 61_234,
    "instructions_per_executor_step": 62_000,
    "instructions_per_mac": 4.43,
    "constant_instructions": True,
    "estimated_cycles": 70_000,
    "cycle_assumption": "one wait state per flash line",
    "flash_bytes": 60_000,
    "ram_bytes": 640,
    "stack_bytes": 900,
    "period_share": 0.185,
    "proofs": [
        {"name": "host", "claim": "host C is bit-exact", "status": "passed", "detail": "1500 of 1500", "remedy": ""},
        {
            "name": "m4f",
            "claim": "Cortex-M4F is bit-exact",
            "status": "not possible",
            "detail": "no QEMU",
            "remedy": "apt x",
        },
        {"name": "m7", "claim": "Cortex-M7 is bit-exact", "status": "failed", "detail": "row 7 differs", "remedy": ""},
    ],
}


def flight(offset):
    time = np.linspace(0.0, 11.0, 1101, dtype=np.float32)
    phase = 2.0 * np.pi * time / 5.5
    reference = np.stack([np.sin(phase), 0.5 * np.sin(2.0 * phase), np.ones_like(time)], axis=1)
    half_tilt = 0.15 * np.sin(phase + offset)
    quaternion = np.stack([np.cos(half_tilt), np.sin(half_tilt), 0.0 * time, 0.0 * time], axis=1)
    position = reference + offset * np.exp(-time)[:, None] * [0.5, -0.3, 0.4] + 0.1 * offset * np.sin(phase)[:, None]
    action = np.stack([0.3 + 0.1 * np.sin(phase + k) for k in range(4)], axis=1)
    columns = [position, quaternion, np.zeros_like(position), np.zeros_like(position), action]
    return Flight(time, *columns, np.zeros((len(time), 1)), reference, np.zeros_like(position), np.zeros_like(time))


@pytest.fixture
def folder(tmp_path):
    folder = RunFolder.create(
        tmp_path,
        "hover",
        {
            "created": "21 November 2026, 10:30",
            "vehicle": "crazyflie",
            "train": {"seed": 3},
            "command": "telic run 'hover'",
            "machine": "Linux",
            "understood": ["hover at (0, 0, 1) m"],
            "facts": {"task": "hover"},
        },
    )
    folder.prompt.write_text(SENTENCE)
    folder.reward.write_text(REWARD)
    folder.metrics.write_text(
        "step,seconds,settle_fraction,term/place\n1000,0.5,,-1.5\n2000,1.0,0.4,-0.7\n3000,1.5,0.99,-0.1\n"
    )
    figures = {
        "settle_fraction": 0.99,
        "settle_interval": [0.97, 1.0],
        "survival_fraction": None,
        "error_1s_m": 0.05,
        "error_1s_p95_m": 0.06,
        "tracking_rmse_m": 0.08,
        "tracking_rmse_p95_m": 0.1,
        "tracking_rmse_at_6.5s_m": 0.004,
        "tracking_rmse_at_6.5s_p95_m": 0.007,
        "other_lap_times_s": [6.5],
    }
    controllers = {"policy": figures, "PID": {**figures, "settle_fraction": 0.61, "tracking_rmse_m": 0.2}}
    write_json(folder.evaluation, {"episodes": 200, "controllers": controllers})
    flight(0.5).save(folder.policy_flight)
    flight(1.0).save(folder.pid_flight)
    write_json(folder.proofs, PROOFS)
    folder.finish("train", {"seconds": 7.0, "steps": 3000, "train_s": 5.5, "compile_s": 1.25})
    folder.finish("video", {"seconds": 4.0, "note": "Seen from the side."})
    return folder


@pytest.fixture
def page(folder):
    return render(read_story(folder))


def test_the_page_is_well_formed(page):
    class Balanced(HTMLParser):
        void = frozenset({"meta", "link", "br"})

        def __init__(self):
            super().__init__()
            self.open = []

        def handle_starttag(self, tag, attrs):
            if tag not in self.void:
                self.open.append(tag)

        def handle_startendtag(self, tag, attrs):
            pass

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

    parser = Balanced()
    parser.feed(page)
    assert parser.open == []


def test_nothing_is_fetched(page):
    addresses = re.findall(r'(?:src|href)="([^"]*)"|url\(([^)]*)\)|@import', page)
    assert all("".join(address).startswith("data:") for address in addresses)
    assert "<script" not in page


def test_the_sentence_is_text_and_not_markup(page):
    assert "<hold>" not in page
    assert "hover &amp; &lt;hold&gt;" in page


@pytest.mark.parametrize(
    "told",
    [
        "hover at (0, 0, 1) m",
        "99.0 % (97.0 to 100.0)",
        "8.0 cm (10.0 cm)",
        "4.0 mm (7.0 mm)",
        "host C is bit-exact",
        "not possible here",
        "apt x",
        "row 7 differs",
        "1 of 3",
        "Term “place”",
        "18.5 %",
        "58.6 KiB",
        "telic run &#39;hover&#39;",
    ],
)
def test_what_the_run_found_is_told(page, told):
    assert told in page


def test_without_a_video_the_reason_is_told(page):
    assert "no video" in page
    assert "Seen from the side." in page


def test_a_small_video_is_part_of_the_page(folder):
    folder.video.write_bytes(b"not really a film")
    assert 'src="data:video/mp4;base64,' in render(read_story(folder))


def test_a_large_video_stays_beside_the_page(folder):
    folder.video.write_bytes(bytes(7_000_000))
    page = render(read_story(folder))
    assert 'src="video.mp4"' in page
    assert len(page) < 1_000_000


def test_what_was_not_measured_is_left_out(folder):
    write_json(folder.proofs, {**PROOFS, "instructions_per_step": None, "period_share": None, "stack_bytes": None})
    page = render(read_story(folder))
    assert "stack of one step" not in page
    assert "2 ms period" not in page


def test_a_missing_part_is_named(folder):
    folder.proofs.unlink()
    with pytest.raises(UserError, match=r"proofs\.json"):
        read_story(folder)


def test_a_damaged_flight_is_named(folder):
    folder.pid_flight.write_bytes(b"")
    with pytest.raises(UserError, match=r"pid\.npz is not a recorded flight"):
        read_story(folder)


def test_the_numbers_of_a_run_survive_their_file(folder):
    assert read_story(folder).history[-1] == {
        "step": 3000.0,
        "seconds": 1.5,
        "settle_fraction": 0.99,
        "term/place": -0.1,
    }
    assert json.loads(folder.evaluation.read_text())["episodes"] == 200


def test_angles_are_those_of_the_rotation():
    roll, pitch, yaw = roll_pitch_yaw(flight(0.5).rotation).T
    assert np.abs(roll).max() == pytest.approx(np.degrees(0.3), rel=0.01)
    assert np.abs(pitch).max() < 1e-3
    assert np.abs(yaw).max() < 1e-3
