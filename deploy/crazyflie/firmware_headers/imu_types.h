/* Stand-in: three axes of a sensor. */
#ifndef STANDIN_IMU_TYPES_H
#define STANDIN_IMU_TYPES_H

typedef union {
    struct {
        float x;
        float y;
        float z;
    };
    float axis[3];
} Axis3f;

#endif
