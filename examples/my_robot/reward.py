"""Stay upright and drive forward at the commanded speed."""


def reward(up, velocity, command, gyro, action, previous_action):
    slip = velocity[..., 0] - command
    return {
        "speed": tolerance(slip, bound=0.05, margin=0.5),
        "upright": 0.5 * up[..., 2],
        "calm": -0.01 * square(norm(gyro)),
        "smooth": -0.05 * square(norm(action - previous_action)),
    }


def success(up, velocity, command):
    return up[..., 2] > 0.9 and abs(velocity[..., 0] - command) < 0.2
