"""Press on the table."""


def reward(joint_velocity, contact_force):
    return {"press": norm(contact_force)}
