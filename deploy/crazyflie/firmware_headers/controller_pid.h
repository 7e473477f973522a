/* Stand-in: the stock controller. */
#ifndef STANDIN_CONTROLLER_PID_H
#define STANDIN_CONTROLLER_PID_H

#include "stabilizer_types.h"

void controllerPidInit(void);
bool controllerPidTest(void);
#ifdef TELIC_TICK_SIGNATURE
void controllerPid(control_t *control, setpoint_t *setpoint, const sensorData_t *sensors, const state_t *state,
                   const uint32_t tick);
#else
void controllerPid(control_t *control, const setpoint_t *setpoint, const sensorData_t *sensors, const state_t *state,
                   const stabilizerStep_t stabilizerStep);
#endif

#endif
