/* Exported by Telic. Generated: change the contract, not this file. */
#include "telic_convert.h"

#include <math.h>

#include "autoconf.h"
#include "platform_defaults.h"

/* telic: data */

/* Thrust of one rotor at full power [N]. Firmware that has no number for its platform compensates the battery for 60 g
 * of thrust from four rotors.
 */
#ifdef THRUST_MAX
#define TELIC_FULL_FORCE THRUST_MAX
#else
#define TELIC_FULL_FORCE 0.1471f
#endif

#define TELIC_RADIANS 0.0174532925f /* One degree. */
#define TELIC_LARGEST_YAW 3600.0f   /* Ten turns [deg]; a setpoint beyond is a mistake. */

typedef struct {
    float position[3];
    float velocity[3];
    float rotation[9]; /* Body to world, row by row. */
    float angular_velocity[3];
    float position_error[3];
    float velocity_error[3];
    float attitude[9]; /* Body to reference, row by row. */
    float acceleration_ahead[3];
} telic_signals;

/* A turn about the world's z axis. */
typedef struct {
    float cosine;
    float sine;
} telic_heading;

/* Sine and cosine to 2e-7: the rest to a quarter turn, then a polynomial fitted on +-45 degrees. */
static telic_heading telic_heading_of_degrees(float degrees)
{
    const float quarters = degrees / 90.0f;
    const int32_t quarter = (int32_t)(quarters + ((quarters < 0.0f) ? -0.5f : 0.5f));
    const float x = (degrees - (90.0f * (float)quarter)) * TELIC_RADIANS;
    const float s = x * x;
    const float sine = x + ((x * s) * (-0.16666655f + (s * (0.00833218f + (s * -0.00019517f)))));
    const float cosine = (1.0f - (0.5f * s)) + ((s * s) * (0.04166665f + (s * (-0.00138874f + (s * 0.00002444f)))));
    const telic_heading turned[4] = {{cosine, sine}, {-sine, cosine}, {-cosine, -sine}, {sine, -cosine}};
    return turned[(uint32_t)quarter & 3u];
}

/* Heading of the setpoint, as the stock controller reads it: the yaw angle first, then the quaternion. */
static bool telic_heading_of(const setpoint_t *setpoint, telic_heading *heading)
{
    if (setpoint->mode.yaw == modeAbs) {
        *heading = telic_heading_of_degrees(setpoint->attitude.yaw);
        return true;
    }
    const float x = setpoint->attitudeQuaternion.x, y = setpoint->attitudeQuaternion.y;
    const float z = setpoint->attitudeQuaternion.z, w = setpoint->attitudeQuaternion.w;
    const float forward = 1.0f - (2.0f * ((y * y) + (z * z)));
    const float left = 2.0f * ((x * y) + (w * z));
    const float length = sqrtf((forward * forward) + (left * left));
    heading->cosine = forward / length;
    heading->sine = left / length;
    return length > 0.1f; /* False for NaN, too. */
}

bool telic_can_follow(const setpoint_t *setpoint)
{
    const bool position = (setpoint->mode.x == modeAbs) && (setpoint->mode.y == modeAbs) && (setpoint->mode.z == modeAbs);
    const bool yaw = (setpoint->mode.yaw == modeAbs) && (setpoint->attitude.yaw >= -TELIC_LARGEST_YAW) &&
                     (setpoint->attitude.yaw <= TELIC_LARGEST_YAW);
    const bool quaternion = (setpoint->mode.yaw == modeDisable) && (setpoint->mode.quat == modeAbs);
    return position && (yaw || quaternion) && !setpoint->velocity_body;
}

/* World to reference: the components of a vector along the heading. */
static void telic_turn(const telic_heading *heading, float x, float y, float z, float turned[3])
{
    turned[0] = (heading->cosine * x) + (heading->sine * y);
    turned[1] = (heading->cosine * y) - (heading->sine * x);
    turned[2] = z;
}

static void telic_set(float x, float y, float z, float vector[3])
{
    vector[0] = x;
    vector[1] = y;
    vector[2] = z;
}

static bool telic_rotation(const quaternion_t *q, float rotation[9])
{
    const float x = q->x, y = q->y, z = q->z, w = q->w;
    const float norm = ((x * x) + (y * y)) + ((z * z) + (w * w));
    telic_set(1.0f - (2.0f * ((y * y) + (z * z))), 2.0f * ((x * y) - (w * z)), 2.0f * ((x * z) + (w * y)), &rotation[0]);
    telic_set(2.0f * ((x * y) + (w * z)), 1.0f - (2.0f * ((x * x) + (z * z))), 2.0f * ((y * z) - (w * x)), &rotation[3]);
    telic_set(2.0f * ((x * z) - (w * y)), 2.0f * ((y * z) + (w * x)), 1.0f - (2.0f * ((x * x) + (y * y))), &rotation[6]);
    return (norm > 0.98f) && (norm < 1.02f); /* False for NaN, too. */
}

static void telic_put(float *to, const float *from, size_t count)
{
    for (size_t i = 0u; i < count; ++i) {
        to[i] = from[i];
    }
}

bool telic_observe(const state_t *state, const sensorData_t *sensors, const setpoint_t *setpoint,
                   float inputs[POLICY_INPUTS])
{
    telic_signals seen;
    telic_heading heading;
    const bool known = telic_heading_of(setpoint, &heading) && telic_rotation(&state->attitudeQuaternion, seen.rotation);
    if (!known) {
        return false;
    }
    const point_t *p = &state->position, *target = &setpoint->position;
    const velocity_t *v = &state->velocity, *speed = &setpoint->velocity;
    telic_set(p->x, p->y, p->z, seen.position);
    telic_set(v->x, v->y, v->z, seen.velocity);
    /* The gyro is forward, left, up, like the quaternion; only attitude.pitch has the other sign. */
    telic_set(sensors->gyro.x * TELIC_RADIANS, sensors->gyro.y * TELIC_RADIANS, sensors->gyro.z * TELIC_RADIANS,
              seen.angular_velocity);
    telic_turn(&heading, p->x - target->x, p->y - target->y, p->z - target->z, seen.position_error);
    telic_turn(&heading, v->x - speed->x, v->y - speed->y, v->z - speed->z, seen.velocity_error);
    telic_turn(&heading, setpoint->acceleration.x, setpoint->acceleration.y, setpoint->acceleration.z,
               seen.acceleration_ahead);
    for (size_t i = 0u; i < 3u; ++i) {
        float column[3];
        telic_turn(&heading, seen.rotation[i], seen.rotation[3u + i], seen.rotation[6u + i], column);
        seen.attitude[i] = column[0];
        seen.attitude[3u + i] = column[1];
        seen.attitude[6u + i] = column[2];
    }
/* telic: inputs */
    return true;
}

/* The policy commands rotor speeds. The firmware takes the force, and finds the voltage for it, where it compensates the
 * battery; otherwise the number is the duty cycle of the motor, which rotor speed follows.
 */
static float telic_force(float command)
{
#ifdef CONFIG_ENABLE_THRUST_BAT_COMPENSATED
    const float force = (((TELIC_THRUST_2 * command) + TELIC_THRUST_1) * command) + TELIC_THRUST_0;
    return force / TELIC_FULL_FORCE;
#else
    return command / TELIC_FASTEST;
#endif
}

void telic_forces(const float action[POLICY_ACTIONS], float forces[STABILIZER_NR_OF_MOTORS])
{
    for (size_t motor = 0u; motor < STABILIZER_NR_OF_MOTORS; ++motor) {
        const size_t i = telic_rotor[motor];
        const float force = telic_force((telic_command_scale[i] * action[i]) + telic_command_offset[i]);
        const float above = (force > 0.0f) ? force : 0.0f; /* 0 for NaN, too. */
        forces[motor] = (above > 1.0f) ? 1.0f : above;
    }
}
