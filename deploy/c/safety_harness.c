/* Runs recorded operations through the safety filter and writes the bits of every answer.
 *
 * In:  records of 3 + POLICY_ACTIONS + POLICY_INPUTS words: operation, age_us (low, high), command, inputs.
 * Out: for each record, status and what is sent.
 */
#include "harness.h"

#include "policy_safety.h"

#define OPERATION_RESET 0u

typedef struct {
    uint32_t operation;
    uint32_t age_us[2];
    float command[POLICY_ACTIONS];
    float inputs[POLICY_INPUTS];
} record;

typedef struct {
    uint32_t status;
    float sent[POLICY_ACTIONS];
} answer;

int harness_main(void)
{
    static policy_safety_state state;
    static record in;
    static answer out;

    while (board_read(&in, sizeof(in)) != 0) {
        if (in.operation == OPERATION_RESET) {
            policy_safety_reset(&state, in.command);
            out.status = POLICY_SAFETY_OK;
            for (size_t i = 0u; i < POLICY_ACTIONS; ++i) {
                out.sent[i] = state.sent[i];
            }
        } else {
            const uint64_t age_us = ((uint64_t)in.age_us[1] << 32) | in.age_us[0];
            out.status = policy_safety_step(&state, in.command, in.inputs, age_us, out.sent);
        }
        board_write(&out, sizeof(out));
    }
    return 0;
}
