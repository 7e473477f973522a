/* Converts recorded estimates and setpoints on a microcontroller and writes the bits: inputs, then forces of actions. */
#include "harness.h"

#include "telic_convert.h"

typedef struct {
    float position[3];
    float velocity[3];
    float quaternion[4];
    float gyro[3];
    float target_position[3];
    float target_velocity[3];
    float target_acceleration[3];
    float target_yaw;
    float target_quaternion[4];
    uint32_t has_yaw;
    float action[POLICY_ACTIONS];
} record;

static struct {
    float inputs[POLICY_INPUTS];
    float forces[STABILIZER_NR_OF_MOTORS];
} answer;

static void set(struct vec3_s *to, const float from[3])
{
    to->x = from[0];
    to->y = from[1];
    to->z = from[2];
}

static quaternion_t quaternion(const float from[4])
{
    const quaternion_t result = {.x = from[0], .y = from[1], .z = from[2], .w = from[3]};
    return result;
}

int harness_main(void)
{
    static record in;
    static state_t state;
    static sensorData_t sensors;
    static setpoint_t setpoint;

    while (board_read(&in, sizeof(in)) != 0) {
        set(&state.position, in.position);
        set(&state.velocity, in.velocity);
        state.attitudeQuaternion = quaternion(in.quaternion);
        sensors.gyro.x = in.gyro[0];
        sensors.gyro.y = in.gyro[1];
        sensors.gyro.z = in.gyro[2];
        set(&setpoint.position, in.target_position);
        set(&setpoint.velocity, in.target_velocity);
        set(&setpoint.acceleration, in.target_acceleration);
        setpoint.attitude.yaw = in.target_yaw;
        setpoint.attitudeQuaternion = quaternion(in.target_quaternion);
        setpoint.mode.yaw = (in.has_yaw != 0u) ? modeAbs : modeDisable;
        (void)telic_observe(&state, &sensors, &setpoint, answer.inputs);
        telic_forces(in.action, answer.forces);
        board_write(&answer, sizeof(answer));
    }
    return 0;
}
