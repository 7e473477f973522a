"""Hold still."""


def reward(joint_velocity):
    return {"still": -square(norm(joint_velocity))}
