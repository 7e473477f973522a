"""The page of `telic reward choose` in a real browser, without a screen: keys, buttons, films."""

import asyncio
import base64
import importlib.util
import json
import sys
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest

pytest.importorskip("websockets", reason="needs telic[viz]")

from websockets.asyncio.client import connect

from telic.launch.choose.candidate import candidates_in
from telic.launch.choose.log import Choice, ChoiceLog
from telic.launch.choose.page import ChoicePage
from telic.launch.film import Shot
from telic.sim.film import write_film

_spec = importlib.util.spec_from_file_location("viewer_browser", Path(__file__).parent / "test_viewer_browser.py")
browser = importlib.util.module_from_spec(_spec)
sys.modules["viewer_browser"] = browser
_spec.loader.exec_module(browser)
chromium = browser.chromium

CARTPOLE = (files("telic.rewards") / "library" / "cartpole.py.txt").read_text()
SAID = "document.getElementById('said').textContent"


@pytest.fixture
def page(tmp_path):
    for i in range(3):
        (tmp_path / f"run-{i}").mkdir()
        (tmp_path / f"run-{i}" / "reward.py").write_text(CARTPOLE)
        bright = np.zeros((90, 120, 3), np.uint8)
        bright[..., i] = 220
        write_film(tmp_path / f"run-{i}" / "film.mp4", [bright] * 20, 10)
    candidates = candidates_in([tmp_path / f"run-{i}" for i in range(3)], "cartpole", Shot(), 0)
    opened = ChoicePage(candidates, (1, 2, 0), ChoiceLog(tmp_path / "log.jsonl", [], (1, 2, 0)), "balance", 8390)
    yield opened
    opened.close()


async def key(tab, code, text="", shift=False):
    """Press and let go of one key."""
    for kind in ("keyDown", "keyUp"):
        await tab.call("Input.dispatchKeyEvent", type=kind, code=code, key=text or code, modifiers=8 if shift else 0)


@pytest.mark.slow
@pytest.mark.skipif(browser.CHROMIUM is None, reason="needs Chromium: sudo apt-get install chromium")
def test_a_person_chooses_with_keys_and_buttons(chromium, page, tmp_path):
    async def visit():
        async with connect(chromium, max_size=None) as socket:
            tab = browser.Page(socket)
            await tab.call(
                "Emulation.setDeviceMetricsOverride", width=1300, height=800, deviceScaleFactor=1, mobile=False
            )
            await tab.call("Page.navigate", url=page.url)
            await tab.wait_for(f"{SAID} == 'Pick the best and the worst one.'")
            videos = "[...document.querySelectorAll('video')]"
            await tab.wait_for(f"{videos}.length == 3 && {videos}.every(v => v.readyState >= 2 && v.currentTime > 0)")
            picture = imageio.imread(BytesIO(base64.b64decode((await tab.call("Page.captureScreenshot"))["data"])))
            # The second film is best and the first worst.
            await key(tab, "Digit2")
            await key(tab, "Digit1", shift=True)
            await tab.wait_for(f"{SAID} == 'Press Enter to choose.'")
            await key(tab, "Enter")
            await tab.wait_for(f"{SAID} == 'Chosen. Undo, or press Done.'")
            first = page.choice
            await key(tab, "KeyU")
            await tab.wait_for(f"{SAID} == 'Pick the best and the worst one.'")
            # Letters in the note are no keys.
            await tab.ask("document.getElementById('note').focus()")
            await tab.call("Input.insertText", text="sudden")
            await key(tab, "KeyS", "s")
            await tab.ask("document.activeElement.blur()")
            # The pick before is still there: another best one, with its button.
            await tab.ask("document.querySelector('#film2 .best').click()")
            await key(tab, "Enter")
            await tab.wait_for(f"{SAID} == 'Chosen. Undo, or press Done.'")
            second = page.choice
            await tab.call("Page.reload")
            await tab.wait_for(f"{SAID} == 'Chosen. Undo, or press Done.'")
            assert await tab.ask("document.querySelector('#film2').classList.contains('best')")
            await key(tab, "KeyD")
            await tab.wait_for(f"{SAID} == 'Done. You can close this page.'")
            return picture, first, second

    picture, first, second = asyncio.run(visit())
    assert first == Choice(2, 1)
    assert (second.best, second.worst) == (0, 1) and second.note.startswith("sudden")
    assert page.wait(1.0) == second
    events = [json.loads(line)["event"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert events == ["choice", "undo", "choice"]
    # The films are drawn: green, blue and red, from left to right.
    strongest = picture[..., :3].max(axis=-1) - np.median(picture[..., :3], axis=-1) > 100
    where = [strongest & (picture[..., :3].argmax(axis=-1) == colour) for colour in range(3)]
    assert all(each.sum() > 10_000 for each in where)
    red, green, blue = (np.median(np.nonzero(each)[1]) for each in where)
    assert green < blue < red
