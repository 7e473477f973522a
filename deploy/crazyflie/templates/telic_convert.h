/* What the Crazyflie firmware says in the policy's words, and the policy's action in the firmware's.
 *
 * Free of state, time and libm: the same bits on every machine.
 */
#ifndef TELIC_CONVERT_H
#define TELIC_CONVERT_H

#include <stdbool.h>

#include "policy.h"
#include "stabilizer_types.h"

/* Whether the setpoint is one that the policy was trained to follow: an absolute position and heading. */
bool telic_can_follow(const setpoint_t *setpoint);

/* Inputs of policy_step() for a setpoint that it can follow.
 * Returns false where there are none: the attitude estimate is broken, or the heading of the setpoint is undefined.
 */
bool telic_observe(const state_t *state, const sensorData_t *sensors, const setpoint_t *setpoint,
                   float inputs[POLICY_INPUTS]);

/* Actions to control_t.normalizedForces, 0 to 1, in the order of the motors M1 to M4. */
void telic_forces(const float action[POLICY_ACTIONS], float forces[STABILIZER_NR_OF_MOTORS]);

/* Actions that an idle policy is taken to have sent. */
extern const float telic_initial_action[POLICY_ACTIONS];

#endif
