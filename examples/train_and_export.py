"""Train a policy to hover, compare it with a PID controller, and export it to C: what `telic run` does, in Python."""

from pathlib import Path

import telic
from telic.control.controller import PolicyController
from telic.control.pid import CascadedPid
from telic.control.recording import record_observations

brief = telic.write_reward("hover one metre above the ground and hold still")
task = telic.task_from_brief(brief, vehicle="crazyflie")
reward = telic.parse_reward(brief.reward_source, task.schema)

result = telic.train(task, reward)
policy = PolicyController(result.weights)
print(f"trained {result.steps:,} steps in {result.seconds:.1f} s")

for name, controller in (("policy", policy), ("PID", CascadedPid(task))):
    print(
        f"{name}: {telic.evaluate(task, controller, episodes=200).settle_fraction:.1%} of 200 held-out episodes settle"
    )

observations = record_observations(task, policy, count=1000)
contract = telic.contract_from_task(task, result.weights, observations, brief.sentence)
telic.export(result.weights, contract, observations, Path("export"))
print(f"every proof passed: {telic.verify(Path('export')).all_passed}")
