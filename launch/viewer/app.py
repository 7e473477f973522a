"""The page: buttons, sliders and readings around a scene, and the clock that plays."""

import time
from threading import Event

import viser

from telic.launch.viewer.player import Order, Player, Readings
from telic.launch.viewer.scene import ModelScene

# Only this machine may connect: who reaches the page can steer what is played.
HOST = "127.0.0.1"
FRAMES_PER_S = 30.0
_READINGS_PER_S = 5.0
# Behind by more than this, the clock starts anew instead of catching up.
_PATIENCE_S = 0.5


class Viewer:
    """Serves one player to browsers on this machine."""

    def __init__(self, player: Player, port: int = 8080, paused: bool = False) -> None:
        """Open the page.

        Args:
            player: What is played.
            port: Where; the next free one if it is taken.
            paused: Wait for the button.
        """
        self._player = player
        self._server = viser.ViserServer(host=HOST, port=port, label="Telic", verbose=False)
        self._server.gui.configure_theme(show_logo=False, show_share_button=False, control_width="medium")
        self._server.gui.set_panel_label("Telic")
        # The lights of the library's environment maps may come from elsewhere; this machine may be on its own.
        self._server.scene.configure_environment_map(None)
        self._scene: ModelScene | None = None
        if player.puppet is not None:
            self._scene = ModelScene(self._server, player.puppet.model, player.puppet.pose())
        self._is_playing, self._wants_step, self._wants_restart = not paused, Event(), Event()
        self._chosen = player.controllers[0]
        self._playback()
        self._orders = self._order_sliders()
        self._text = self._server.gui.add_markdown("")
        self._told = 0.0
        self._show()

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self._server.get_port()}"

    def run(self, seconds: float | None = None) -> None:
        """Play until interrupted.

        Args:
            seconds: Stop after this time.
        """
        begun = last = time.monotonic()
        due = 0.0
        while seconds is None or time.monotonic() - begun < seconds:
            now = time.monotonic()
            due += self._steps_due(min(now - last, _PATIENCE_S))
            last = now
            self._change()
            while due >= 1.0 and time.monotonic() - now < _PATIENCE_S:
                self._player.step()
                due -= 1.0
            # What could not be played in time is left out.
            due %= 1.0
            self._show()
            time.sleep(max(0.0, 1.0 / FRAMES_PER_S - (time.monotonic() - now)))

    def close(self) -> None:
        """Close the page."""
        self._server.stop()

    def _steps_due(self, elapsed_s: float) -> float:
        if self._wants_step.is_set():
            self._wants_step.clear()
            return 1.0
        return float(self._speed.value) * elapsed_s / self._player.dt if self._is_playing else 0.0

    def _change(self) -> None:
        """Do what was asked for on the page, between two steps."""
        if self._wants_restart.is_set():
            self._wants_restart.clear()
            self._player.restart()
        if self._who.value != self._chosen:
            self._chosen = self._who.value
            self._player.choose(self._chosen)
        self._player.order({order: slider.value for order, (held, slider) in self._orders.items() if held.value})

    def _show(self) -> None:
        player = self._player
        if self._scene is not None and player.puppet is not None:
            self._scene.follow = bool(self._follow.value)
            self._scene.update(player.puppet.pose(), player.puppet.marks())
        now = time.monotonic()
        if now - self._told >= 1.0 / _READINGS_PER_S:
            self._told = now
            self._text.content = _text(player.readings())
            picture = player.picture()
            if picture is not None:
                self._server.scene.set_background_image(picture)

    def _playback(self) -> None:
        gui = self._server.gui
        gui.add_markdown(f"**{self._player.title}**")
        with gui.add_folder("Play"):
            toggle = gui.add_button(self._toggle_label(), icon=None)
            step = gui.add_button("Step", hint="One control period, while it is paused")
            restart = gui.add_button("New episode")
            self._speed = gui.add_slider("speed", 0.1, 4.0, 0.1, 1.0)
            self._who = gui.add_dropdown("who acts", self._player.controllers, initial_value=self._chosen)
            self._follow = gui.add_checkbox(
                "follow", self._scene is not None and self._scene.follow, visible=self._scene is not None
            )

        @toggle.on_click
        def _(_event: object) -> None:
            self._is_playing = not self._is_playing
            toggle.label = self._toggle_label()

        @step.on_click
        def _(_event: object) -> None:
            self._is_playing = False
            toggle.label = self._toggle_label()
            self._wants_step.set()

        @restart.on_click
        def _(_event: object) -> None:
            self._wants_restart.set()

    def _toggle_label(self) -> str:
        return "Pause" if self._is_playing else "Play"

    def _order_sliders(self) -> dict[Order, tuple[viser.GuiCheckboxHandle, viser.GuiSliderHandle]]:
        """Add a slider for each number that can be commanded, and a box to take it from the task."""
        gui, orders = self._server.gui, self._player.orders
        if not orders:
            return {}
        sliders = {}
        with gui.add_folder("Command"):
            for title in dict.fromkeys(order.title for order in orders):
                held = gui.add_checkbox(f"set {title}", False, hint="Else the task commands it")
                for order in orders:
                    if order.title == title:
                        middle = min(max(0.0, order.low), order.high)
                        step = (order.high - order.low) / 100.0
                        slider = gui.add_slider(order.label, order.low, order.high, step, middle)
                        sliders[order] = (held, slider)
        return sliders


def _text(readings: Readings) -> str:
    """Return what people read."""
    lines = [f"episode {readings.episode}, {readings.elapsed_s:.2f} s, return {readings.total:.2f}"]
    if readings.ending:
        lines.append(f"the last one ended: {readings.ending}")
    if readings.terms:
        rows = [f"| {name} | {value:.3f} |" for name, value in readings.terms.items()]
        lines.append("\n".join(["| reward term | now |", "| :-- | --: |", *rows]))
    return "\n\n".join(lines)
