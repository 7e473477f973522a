"""What the PID baseline is worth: every packaged vehicle, recovery to hover and figure eights, at several bandwidths.

    python benchmarks/evaluate_flight.py --json
    python benchmarks/evaluate_flight.py --vehicles crazyflie --angles 0.5 1 2 4 6

Hover is the problem of Learning to Fly in Seconds with all its noise, disturbances and starts; figure eights are 2 m by
1 m, from a gentle start. `angle` is the attitude error that asks for the full torque [rad]: smaller is faster, 1 is the
default. At 5 rad the gains of the Crazyflie's position, velocity and attitude loops are about those of its firmware (2,
4.3 and 6 per second).
"""

import argparse
import json
import sys
import time

from telic.control.evaluate import evaluate
from telic.control.pid import CascadedPid
from telic.control.pid_gains import PidConfig
from telic.control.tracking import track_at_periods
from telic.sim.tasks.registry import make_task
from telic.sim.vehicle import vehicle_names


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vehicles", nargs="+", default=vehicle_names(), help="names or files")
    parser.add_argument("--angles", nargs="+", type=float, default=[PidConfig.full_torque_angle])
    parser.add_argument("--episodes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print nothing but the JSON object")
    options = parser.parse_args()

    rows = []
    for vehicle in options.vehicles:
        for angle in options.angles:
            rows.append(figures(vehicle, PidConfig(full_torque_angle=angle), options.episodes, options.seed))
            if not options.json:
                print(rows[-1], file=sys.stderr)
    print(json.dumps({"episodes": options.episodes, "seed": options.seed, "pid": rows}))


def figures(vehicle: str, config: PidConfig, episodes: int, seed: int) -> dict:
    hover, track = make_task("hover", vehicle=vehicle), make_task("track", vehicle=vehicle)
    pid = CascadedPid(hover, config)
    start = time.perf_counter()
    found = evaluate(hover, pid, episodes, seed).as_dict()
    seconds = time.perf_counter() - start
    laps = track_at_periods(track, CascadedPid(track, config), episodes=episodes, seed=seed)
    names = ("settle_fraction", "settle_interval", "error_1s_m", "error_2s_m", "steady_error_m")
    return {
        "vehicle": vehicle,
        "angle": config.full_torque_angle,
        "attitude_gain": float(pid.gains.attitude[0]),
        "velocity_gain": float(pid.gains.velocity[0]),
        "position_gain": float(pid.gains.position[0]),
        **{name: found[name] for name in names},
        **{f"tracking_rmse_at_{period}s_m": tracking.rmse_m for period, tracking in laps.items()},
        "evaluate_hover_s": seconds,
    }


if __name__ == "__main__":
    main()
