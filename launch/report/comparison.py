"""One page with the learning curves of several runs."""

from collections.abc import Mapping

from telic.launch.report.learning_charts import History, learning_charts
from telic.launch.report.template import fill


def render_comparison(histories: Mapping[str, History]) -> str:
    """The page.

    Args:
        histories: Rows of the training histories, by the name of their run.
    """
    return fill("comparison.html", {"runs": list(histories), "learning": learning_charts(histories)})
