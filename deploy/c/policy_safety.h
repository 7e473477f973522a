/* The last step before the actuators, exported by Telic: whatever bits come in, what goes out is inside the limits.
 *
 * command -> finite -> range -> rate against the command that was last sent. Outside the flight envelope the safe
 * action takes the place of the command until policy_safety_reset(); with inputs that are stale or not finite, as long
 * as they are. The safe action obeys the rate limit too.
 */
#ifndef POLICY_SAFETY_H
#define POLICY_SAFETY_H

#include "policy.h"

/* Status bits of policy_safety_step(). */
#define POLICY_SAFETY_OK 0u
#define POLICY_SAFETY_COMMAND_NOT_FINITE 1u      /* NaN or infinity in the command. */
#define POLICY_SAFETY_INPUT_NOT_FINITE 2u        /* NaN or infinity in the inputs. */
#define POLICY_SAFETY_INPUT_STALE 4u             /* The inputs are older than the contract allows. */
#define POLICY_SAFETY_POSITION_LIMIT 8u          /* Latched, like the next three. */
#define POLICY_SAFETY_TILT_LIMIT 16u
#define POLICY_SAFETY_VELOCITY_LIMIT 32u
#define POLICY_SAFETY_ANGULAR_VELOCITY_LIMIT 64u
#define POLICY_SAFETY_FAULT 127u                 /* Any of the above: the command is not obeyed. */
#define POLICY_SAFETY_CLIPPED 128u               /* The command was outside the range. */
#define POLICY_SAFETY_RATE_LIMITED 256u          /* The command changed too fast. */

typedef struct {
    float sent[POLICY_ACTIONS]; /* The command that was last sent. */
    uint32_t held_status;       /* Latched faults. */
} policy_safety_state;

/* Forget all faults. sent: what the actuators do now; any bits are allowed and limited to the range. */
void policy_safety_reset(policy_safety_state *state, const float sent[POLICY_ACTIONS]);

/* One step, to be called every POLICY_EXECUTION_PERIOD_US with what policy_step() or another controller wants.
 *
 * inputs: the contract's signals, as for policy_step().
 * age_us: time since the inputs were measured [us].
 * sent: filled in any case.
 * Returns status bits; check (status & POLICY_SAFETY_FAULT).
 */
uint32_t policy_safety_step(policy_safety_state *state, const float command[POLICY_ACTIONS],
                            const float inputs[POLICY_INPUTS], uint64_t age_us, float sent[POLICY_ACTIONS]);

#endif
