/* Stand-in: what the stabiliser loop passes to a controller. Field names, order and units are the firmware's. */
#ifndef STANDIN_STABILIZER_TYPES_H
#define STANDIN_STABILIZER_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "imu_types.h"

#ifndef TELIC_TICK_SIGNATURE
typedef uint32_t stabilizerStep_t; /* Steps of the 1000 Hz loop. */
#endif

typedef struct attitude_s {
    uint32_t timestamp;
    float roll;
    float pitch; /* Inverted in state_t. */
    float yaw;
} attitude_t; /* [deg] */

struct vec3_s {
    uint32_t timestamp;
    float x;
    float y;
    float z;
};
typedef struct vec3_s point_t;    /* [m] */
typedef struct vec3_s velocity_t; /* [m/s] */
typedef struct vec3_s acc_t;

typedef struct quaternion_s {
    float x;
    float y;
    float z;
    float w;
} quaternion_t;

typedef struct baro_s {
    float pressure;
    float temperature;
    float asl;
} baro_t;

typedef struct sensorData_s {
    Axis3f acc;  /* [g] */
    Axis3f gyro; /* [deg/s] */
    Axis3f mag;
    baro_t baro;
    uint64_t interruptTimestamp; /* [us] */
} sensorData_t;

typedef struct state_s {
    attitude_t attitude;
    quaternion_t attitudeQuaternion; /* Body to world. */
    point_t position;                /* World. */
    velocity_t velocity;             /* World. */
    acc_t acc;                       /* [g], world, without gravity. */
} state_t;

#define STABILIZER_NR_OF_MOTORS 4

typedef enum control_mode_e {
    controlModeLegacy = 0,
    controlModeForceTorque = 1,
    controlModeForce = 2,
} control_mode_t;

typedef struct control_s {
    union {
        struct {
            int16_t roll;
            int16_t pitch;
            int16_t yaw;
            float thrust;
        };
        float normalizedForces[STABILIZER_NR_OF_MOTORS]; /* 0 to 1. */
    };
    control_mode_t controlMode;
} control_t;

typedef enum mode_e { modeDisable = 0, modeAbs, modeVelocity } stab_mode_t;

typedef struct setpoint_s {
    uint32_t timestamp; /* [ticks] */
    attitude_t attitude;
    attitude_t attitudeRate;
    quaternion_t attitudeQuaternion;
    float thrust;
    point_t position;
    velocity_t velocity;
    acc_t acceleration; /* [m/s^2] */
    bool velocity_body;
    struct {
        stab_mode_t x;
        stab_mode_t y;
        stab_mode_t z;
        stab_mode_t roll;
        stab_mode_t pitch;
        stab_mode_t yaw;
        stab_mode_t quat;
    } mode;
} setpoint_t;

#define RATE_1000_HZ 1000
#define RATE_500_HZ 500
#define RATE_250_HZ 250
#define RATE_100_HZ 100
#define RATE_50_HZ 50
#define RATE_MAIN_LOOP RATE_1000_HZ
#define RATE_DO_EXECUTE(RATE_HZ, TICK) ((TICK % (RATE_MAIN_LOOP / RATE_HZ)) == 0)

#endif
