/* The last step before the actuators, exported by Telic. Generated: change the contract, not this file. */
#include "policy_safety.h"

#include <float.h>

#if FLT_EVAL_METHOD != 0
#error "float arithmetic must round to float after every operation (FLT_EVAL_METHOD 0)"
#endif

/* telic: data */

/* By the bits, so that no compiler option can make NaN an impossible value. */
static uint32_t policy_safety_finite(float value)
{
    union {
        float value;
        uint32_t bits;
    } word;
    word.value = value;
    return ((word.bits & 0x7fffffffu) < 0x7f800000u) ? 1u : 0u;
}

static float policy_safety_clip(float value, float low, float high)
{
    const float above = (value < low) ? low : value;
    return (above > high) ? high : above;
}

static uint32_t policy_safety_envelope(policy_safety_state *state, const float inputs[POLICY_INPUTS])
{
    uint32_t status = POLICY_SAFETY_OK;
    for (size_t i = 0u; i < POLICY_INPUTS; ++i) {
        const float value = inputs[i];
        if (policy_safety_finite(value) == 0u) {
            status |= POLICY_SAFETY_INPUT_NOT_FINITE;
        } else if ((value < policy_safety_least[i]) || (value > policy_safety_greatest[i])) {
            state->held_status |= policy_safety_fault[i];
        } else {
            /* Inside the envelope. */
        }
    }
    return status | state->held_status;
}

void policy_safety_reset(policy_safety_state *state, const float sent[POLICY_ACTIONS])
{
    for (size_t i = 0u; i < POLICY_ACTIONS; ++i) {
        const float value = (policy_safety_finite(sent[i]) != 0u) ? sent[i] : policy_safety_action[i];
        state->sent[i] = policy_safety_clip(value, policy_safety_low[i], policy_safety_high[i]);
    }
    state->held_status = POLICY_SAFETY_OK;
}

uint32_t policy_safety_step(policy_safety_state *state, const float command[POLICY_ACTIONS],
                            const float inputs[POLICY_INPUTS], uint64_t age_us, float sent[POLICY_ACTIONS])
{
    uint32_t status = policy_safety_envelope(state, inputs);
    if (age_us > POLICY_TIMEOUT_US) {
        status |= POLICY_SAFETY_INPUT_STALE;
    }
    for (size_t i = 0u; i < POLICY_ACTIONS; ++i) {
        if (policy_safety_finite(command[i]) == 0u) {
            status |= POLICY_SAFETY_COMMAND_NOT_FINITE;
        }
    }
    for (size_t i = 0u; i < POLICY_ACTIONS; ++i) {
        const float last = state->sent[i];
        const float wanted = ((status & POLICY_SAFETY_FAULT) != 0u) ? policy_safety_action[i] : command[i];
        const float clipped = policy_safety_clip(wanted, policy_safety_low[i], policy_safety_high[i]);
        const float stepped = policy_safety_clip(clipped, last - POLICY_SAFETY_STEP, last + POLICY_SAFETY_STEP);
        if ((clipped < wanted) || (clipped > wanted)) {
            status |= POLICY_SAFETY_CLIPPED;
        }
        if ((stepped < clipped) || (stepped > clipped)) {
            status |= POLICY_SAFETY_RATE_LIMITED;
        }
        /* Clipped again, so that even a damaged memory of the last command cannot lead outside the range. */
        state->sent[i] = policy_safety_clip(stepped, policy_safety_low[i], policy_safety_high[i]);
        sent[i] = state->sent[i];
    }
    return status;
}
