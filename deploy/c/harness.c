/* Runs recorded operations through the policy and writes the bits of every answer: the same program on every target.
 *
 * In:  records of 5 + POLICY_OBSERVATION words: operation, now_us (low, high), measured_us (low, high), values.
 * Out: self-test result, count of an empty region, stack bytes of a step, size of the state; then, for each record,
 *      status, count, action.
 */
#include "harness.h"

#include "policy.h"

#define OPERATION_EVALUATE 0u
#define OPERATION_STEP 1u
#define OPERATION_RESET 2u

typedef struct {
    uint32_t operation;
    uint32_t now_us[2];
    uint32_t measured_us[2];
    float values[POLICY_OBSERVATION];
} record;

typedef struct {
    uint32_t status;
    uint32_t count;
    float action[POLICY_ACTIONS];
} answer;

static uint64_t join(const uint32_t words[2])
{
    return ((uint64_t)words[1] << 32) | words[0];
}

static void perform(policy_state *state, const record *in, answer *out)
{
    board_count_start();
    if (in->operation == OPERATION_EVALUATE) {
        out->status = policy_evaluate(state, in->values, out->action);
    } else if (in->operation == OPERATION_STEP) {
        out->status = policy_step(state, join(in->now_us), join(in->measured_us), in->values, out->action);
    } else {
        policy_reset(state);
        out->status = POLICY_OK;
    }
    out->count = board_count();
}

int harness_main(void)
{
    static policy_state state;
    static record in;
    static answer out;
    uint32_t facts[4];

    policy_init(&state);
    facts[0] = policy_self_test(&state);
    board_count_start();
    facts[1] = board_count();
    board_stack_paint();
    (void)policy_step(&state, 1u, 1u, in.values, out.action);
    facts[2] = board_stack_used();
    facts[3] = (uint32_t)sizeof(state);
    policy_reset(&state);
    board_write(facts, sizeof(facts));

    while (board_read(&in, sizeof(in)) != 0) {
        for (size_t i = 0u; i < POLICY_ACTIONS; ++i) {
            out.action[i] = 0.0f;
        }
        perform(&state, &in, &out);
        board_write(&out, sizeof(out));
    }
    return 0;
}
