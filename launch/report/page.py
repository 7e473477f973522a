"""The report of a flight's run as one HTML file that needs nothing else, not even a network."""

from typing import Any

from telic.launch.report.flight_charts import (
    attitude_charts,
    distance_chart,
    path_charts,
    position_charts,
    rotor_charts,
)
from telic.launch.report.learning_charts import learning_charts
from telic.launch.report.run_page import of_any_run
from telic.launch.report.story import FlightStory
from telic.launch.report.tables import evaluation_table
from telic.launch.report.template import fill
from telic.launch.report.tiles import tiles


def render(story: FlightStory) -> str:
    """The page."""
    findings = {
        "tiles": tiles(story),
        "evaluation_table": evaluation_table(story.evaluation["controllers"]),
        "learning": learning_charts({"": story.history}),
    }
    return fill("page.html", {**of_any_run(story, "video"), **_flight(story), **findings})


def _flight(story: FlightStory) -> dict[str, Any]:
    return {
        "flight_s": float(story.flights["policy"].time[-1]),
        "path": path_charts(story.flights),
        "position": position_charts(story.flights),
        "attitude": attitude_charts(story.flights),
        "distance": distance_chart(story.flights),
        "rotors": rotor_charts(story.flights),
    }
