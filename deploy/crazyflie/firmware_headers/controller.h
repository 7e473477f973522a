/* Stand-in: what the firmware calls in an out-of-tree controller. */
#ifndef STANDIN_CONTROLLER_H
#define STANDIN_CONTROLLER_H

#include "stabilizer_types.h"

void controllerOutOfTreeInit(void);
bool controllerOutOfTreeTest(void);
#ifdef TELIC_TICK_SIGNATURE
void controllerOutOfTree(control_t *control, setpoint_t *setpoint, const sensorData_t *sensors, const state_t *state,
                         const uint32_t tick);
#else
void controllerOutOfTree(control_t *control, const setpoint_t *setpoint, const sensorData_t *sensors,
                         const state_t *state, const stabilizerStep_t stabilizerStep);
#endif

#endif
