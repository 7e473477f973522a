"""The viewer in a real browser, without a screen: what a person sees and presses."""

import asyncio
import base64
import json
import shutil
import subprocess
import threading
import time
import urllib.request
from io import BytesIO

import imageio.v3 as imageio
import pytest

pytest.importorskip("viser", reason="needs telic[viz]")

from websockets.asyncio.client import connect

from telic.launch.viewer.app import Viewer
from telic.launch.viewer.cast import player_for

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PORT = 9377
FLAGS = ("--headless=new", "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")


class Page:
    """A tab, over the DevTools protocol."""

    def __init__(self, socket):
        self.socket, self.number = socket, 0

    async def call(self, method, **parameters):
        self.number += 1
        await self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while (answer := json.loads(await self.socket.recv())).get("id") != self.number:
            pass
        return answer["result"]

    async def ask(self, expression):
        return (await self.call("Runtime.evaluate", expression=expression, returnByValue=True))["result"].get("value")

    async def wait_for(self, expression, seconds=60):
        end = time.monotonic() + seconds
        while not await self.ask(expression):
            assert time.monotonic() < end, f"the page never came to: {expression}"
            await asyncio.sleep(0.5)

    async def press(self, label):
        buttons = f"[...document.querySelectorAll('button')].filter(b => b.innerText == '{label}')"
        await self.wait_for(f"{buttons}.length == 1")
        await self.ask(f"{buttons}[0].click()")


@pytest.fixture
def chromium(tmp_path):
    process = subprocess.Popen(
        [CHROMIUM, *FLAGS, f"--remote-debugging-port={PORT}", f"--user-data-dir={tmp_path}", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(200):
        try:
            tabs = json.load(urllib.request.urlopen(f"http://127.0.0.1:{PORT}/json"))
            break
        except OSError:
            time.sleep(0.1)
    yield next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
    process.terminate()
    process.wait()


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: sudo apt-get install chromium")
def test_a_person_sees_the_robot_and_can_stop_it(chromium):
    player = player_for("quadruped", None, seed=0)
    viewer = Viewer(player, port=8095)
    playing = threading.Thread(target=viewer.run, args=(60.0,), daemon=True)
    playing.start()

    async def visit():
        async with connect(chromium, max_size=None) as socket:
            page = Page(socket)
            await page.call("Page.navigate", url=viewer.url)
            text = "document.body.innerText"
            await page.wait_for(f"{text}.includes('reward term')")
            assert "velocity 1 [m/s]" in await page.ask(text)
            await asyncio.sleep(5)
            picture = imageio.imread(BytesIO(base64.b64decode((await page.call("Page.captureScreenshot"))["data"])))
            await page.press("Pause")
            await page.press("Play")
            await page.press("New episode")
            await page.wait_for(f"{text}.includes('episode 2')")
            return picture

    picture = asyncio.run(visit())
    viewer.close()
    # The robot is dark and in the middle; sky and floor are light.
    height, width = picture.shape[:2]
    middle = picture[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3, :3]
    assert (middle.max(axis=-1) < 90).mean() > 0.005
