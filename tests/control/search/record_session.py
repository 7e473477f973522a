"""Record the session of the tests anew: `python tests/control/search/record_session.py OUT`, ten minutes.

The real client asks the scripted model of `writer_model.py` over HTTP, in a search with real budgets.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from writer_model import SENTENCE, serving

from telic.launch.main import main

SESSION = Path(__file__).parent / "session"
# Budgets of the search that the session was recorded in; the slow test has the same.
OPTIONS = (
    *("--task", "cartpole", "--model", "scripted", "--record", str(SESSION)),
    *("--candidates", "3", "--rounds", "2", "--islands", "2", "--migrate-every", "1", "--steps", "10000"),
    *("--finalists", "2", "--playoff-seeds", "2"),
    *("--sb3.rollout", "64", "--sb3.batch", "128", "--sb3.learning-rate", "1e-3"),
)

if __name__ == "__main__":
    with serving() as address:
        sys.exit(main(["reward", "search", SENTENCE, *OPTIONS, "--base-url", address, "--out", sys.argv[1]]))
