/* A trained policy in C99, exported by Telic. Generated: change the training or the contract, not this file.
 *
 * No heap, no stdio, no recursion, no double. All state is in a struct that the caller owns, so that several
 * instances can run side by side. Compile with -ffp-contract=off: a fused multiply-add rounds once where the
 * reference rounds twice, and policy_self_test() then fails.
 */
#ifndef POLICY_H
#define POLICY_H

#include <stddef.h>
#include <stdint.h>

/* telic: constants */

/* Status bits of policy_evaluate() and policy_step(). */
#define POLICY_OK 0u
#define POLICY_INPUT_NOT_FINITE 1u /* NaN or infinity among the inputs. */
#define POLICY_INPUT_STALE 2u      /* Measured too long ago, or in the future. */
#define POLICY_TIME_BACKWARDS 4u   /* now_us did not advance: nothing was changed. */
#define POLICY_POSITION_LIMIT 8u   /* Position error beyond the limit; latched until policy_reset(). */
#define POLICY_TILT_LIMIT 16u      /* Tilt beyond the limit; latched until policy_reset(). */
#define POLICY_FAULT 31u           /* Any of the above: the action is the safe action. */
#define POLICY_INPUT_SATURATED 32u
#define POLICY_OUTPUT_LIMITED 64u
#define POLICY_JITTER 128u      /* This interval is off by more than the tolerance. */
#define POLICY_RATE_BIAS 256u   /* The mean of the last POLICY_RATE_INTERVALS is off by more than the tolerance. */
#define POLICY_NATIVE_STEP 512u /* The action history advanced: one step at the rate of training. */

#define POLICY_RATE_INTERVALS 100u

typedef struct {
    float history[POLICY_HISTORY_SLOTS * POLICY_ACTIONS]; /* Newest first; the first slot is still being averaged. */
    float input[POLICY_OBSERVATION];
    float hidden[2][POLICY_WIDTH];
    float raw[POLICY_ACTIONS]; /* The network's output before the limits. */
    uint64_t last_us;          /* Time of the last step. */
    uint64_t window_us;        /* Start of the current step at the rate of training. */
    uint64_t rate_us;          /* Start of the intervals being averaged. */
    uint32_t rate_intervals;
    uint32_t window_steps;
    uint32_t held_status; /* Latched faults and the last rate bias. */
    uint32_t started;
} policy_state;

/* Prepare a state. The contents before the call do not matter. */
void policy_init(policy_state *state);

/* Forget the past: history at the initial action, no faults, time may start anywhere. */
void policy_reset(policy_state *state);

/* One control step, to be called every POLICY_EXECUTION_PERIOD_US.
 *
 * now_us, measured_us: one monotonic clock [us]: now, and when the inputs were measured.
 * inputs: the contract's signals in its order and units, without the action history, which this keeps itself.
 * action: filled in any case, with the safe action on a fault.
 * Returns status bits; check (status & POLICY_FAULT).
 */
uint32_t policy_step(policy_state *state, uint64_t now_us, uint64_t measured_us, const float inputs[POLICY_INPUTS],
                     float action[POLICY_ACTIONS]);

/* The policy alone, without time or history: a full observation, scaled as in training, to an action. */
uint32_t policy_evaluate(policy_state *state, const float observation[POLICY_OBSERVATION],
                         float action[POLICY_ACTIONS]);

/* Check the weights in memory, the golden vectors bit for bit, and the two-rate executor; leaves the state reset.
 * Returns 0 on success, 1 for damaged weights, 2 for a wrong executor, 3 + i for golden vector i. Refuse to arm otherwise.
 */
uint32_t policy_self_test(policy_state *state);

/* SHA-256 of the contract, in hexadecimal. */
const char *policy_contract_hash(void);

#endif
