/* A trained policy in C99, exported by Telic. Generated: change the training or the contract, not this file. */
#include "policy.h"

#include <float.h>

#if FLT_EVAL_METHOD != 0
#error "float arithmetic must round to float after every operation (FLT_EVAL_METHOD 0)"
#endif

/* telic: data */

/* Eight outputs at a time: a block is 8 biases, then 8 weights for every input, read in one sequential pass. */
#define POLICY_BLOCK 8u

typedef union {
    float value;
    uint32_t bits;
} policy_word;

static uint32_t policy_bits(float value)
{
    policy_word word;
    word.value = value;
    return word.bits;
}

static float policy_value(uint32_t bits)
{
    policy_word word;
    word.bits = bits;
    return word.value;
}

/* Limit the magnitude, by integer comparison: no branch, and NaN becomes the bound. */
static float policy_saturate(float value, uint32_t bound)
{
    const uint32_t bits = policy_bits(value);
    const uint32_t magnitude = bits & 0x7fffffffu;
    const uint32_t beyond = 0u - (uint32_t)(magnitude > bound); /* All ones, or none: a mask, since ?: may be a branch. */
    return policy_value((bits & 0x80000000u) | (magnitude ^ ((magnitude ^ bound) & beyond)));
}

/* wanted ? a : b, without a branch, which ?: of floats may be. */
static float policy_choose(uint32_t wanted, float a, float b)
{
    const uint32_t mask = 0u - wanted;
    return policy_value((policy_bits(a) & mask) | (policy_bits(b) & ~mask));
}

static void policy_copy(const float *from, size_t count, float *to)
{
    for (size_t i = 0u; i < count; ++i) {
        to[i] = from[i];
    }
}

#if defined(__GNUC__) && defined(__arm__) && defined(__ARM_FP) && ((__ARM_FP & 4) != 0) && !defined(POLICY_PORTABLE)
/* sum[k] += input[i] * weight[i][k], i in order, for pairs of inputs. The same operations as in the portable code below;
 * compilers do not find the multiple loads, which save a third of the cycles on a Cortex-M4F.
 */
static void policy_accumulate(float sum[8], const float *weight, const float *input, size_t pairs)
{
    __asm__ volatile(
        "vldmia %[sum], {s0-s7}\n"
        "1:\n"
        "vldmia %[input]!, {s8-s9}\n"
        "vldmia %[weight]!, {s16-s31}\n"
        "vmul.f32 s16, s8, s16\n"
        "vmul.f32 s17, s8, s17\n"
        "vmul.f32 s18, s8, s18\n"
        "vmul.f32 s19, s8, s19\n"
        "vmul.f32 s20, s8, s20\n"
        "vmul.f32 s21, s8, s21\n"
        "vmul.f32 s22, s8, s22\n"
        "vmul.f32 s23, s8, s23\n"
        "vadd.f32 s0, s0, s16\n"
        "vadd.f32 s1, s1, s17\n"
        "vadd.f32 s2, s2, s18\n"
        "vadd.f32 s3, s3, s19\n"
        "vadd.f32 s4, s4, s20\n"
        "vadd.f32 s5, s5, s21\n"
        "vadd.f32 s6, s6, s22\n"
        "vadd.f32 s7, s7, s23\n"
        "vmul.f32 s24, s9, s24\n"
        "vmul.f32 s25, s9, s25\n"
        "vmul.f32 s26, s9, s26\n"
        "vmul.f32 s27, s9, s27\n"
        "vmul.f32 s28, s9, s28\n"
        "vmul.f32 s29, s9, s29\n"
        "vmul.f32 s30, s9, s30\n"
        "vmul.f32 s31, s9, s31\n"
        "vadd.f32 s0, s0, s24\n"
        "vadd.f32 s1, s1, s25\n"
        "vadd.f32 s2, s2, s26\n"
        "vadd.f32 s3, s3, s27\n"
        "vadd.f32 s4, s4, s28\n"
        "vadd.f32 s5, s5, s29\n"
        "vadd.f32 s6, s6, s30\n"
        "vadd.f32 s7, s7, s31\n"
        "subs %[pairs], %[pairs], #1\n"
        "bne 1b\n"
        "vstmia %[sum], {s0-s7}\n"
        : [weight] "+r"(weight), [input] "+r"(input), [pairs] "+r"(pairs)
        : [sum] "r"(sum)
        : "cc", "memory", "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s16", "s17", "s18", "s19", "s20",
          "s21", "s22", "s23", "s24", "s25", "s26", "s27", "s28", "s29", "s30", "s31");
}

static void policy_block(const float *weight, const float *input, size_t inputs, float sum[8])
{
    const size_t pairs = inputs / 2u;
    policy_copy(weight, POLICY_BLOCK, sum);
    weight += POLICY_BLOCK;
    if (pairs > 0u) {
        policy_accumulate(sum, weight, input, pairs);
    }
    if ((inputs % 2u) != 0u) {
        weight += (inputs - 1u) * POLICY_BLOCK;
        for (size_t k = 0u; k < POLICY_BLOCK; ++k) {
            sum[k] += input[inputs - 1u] * weight[k];
        }
    }
}
#else
static void policy_block(const float *restrict weight, const float *restrict input, size_t inputs,
                         float *restrict output)
{
    float s0 = weight[0], s1 = weight[1], s2 = weight[2], s3 = weight[3];
    float s4 = weight[4], s5 = weight[5], s6 = weight[6], s7 = weight[7];
    for (size_t i = 0u; i < inputs; ++i) {
        const float x = input[i];
        weight += POLICY_BLOCK;
        s0 += x * weight[0];
        s1 += x * weight[1];
        s2 += x * weight[2];
        s3 += x * weight[3];
        s4 += x * weight[4];
        s5 += x * weight[5];
        s6 += x * weight[6];
        s7 += x * weight[7];
    }
    output[0] = s0;
    output[1] = s1;
    output[2] = s2;
    output[3] = s3;
    output[4] = s4;
    output[5] = s5;
    output[6] = s6;
    output[7] = s7;
}
#endif

/* output = weight * input + bias, summed from the bias on, input 0 first. */
static void policy_dense(const float *weight, const float *input, size_t inputs, size_t outputs, float *output)
{
    for (size_t k = 0u; k < outputs; k += POLICY_BLOCK) {
        policy_block(weight, input, inputs, &output[k]);
        weight += (inputs + 1u) * POLICY_BLOCK;
    }
}

#ifdef POLICY_USES_FAST_TANH
/* x (27 + x^2) / (27 + 9 x^2) on [-3, 3], where it reaches 1. */
static void policy_fast_tanh(float *values, size_t count)
{
    for (size_t i = 0u; i < count; ++i) {
        const float x = policy_saturate(values[i], 0x40400000u); /* 3.0f */
        const float square = x * x;
        values[i] = (x * (27.0f + square)) / (27.0f + (9.0f * square));
    }
}
#endif

#ifdef POLICY_USES_RELU
static void policy_relu(float *values, size_t count)
{
    for (size_t i = 0u; i < count; ++i) {
        const uint32_t bits = policy_bits(values[i]);
        values[i] = policy_value(bits & ((bits >> 31) - 1u));
    }
}
#endif

#ifdef POLICY_NORMALIZED
static void policy_normalize(float *values)
{
    for (size_t i = 0u; i < POLICY_OBSERVATION; ++i) {
        values[i] = (values[i] - policy_mean[i]) * policy_inverse_std[i];
#ifdef POLICY_NORMALIZED_BOUND
        values[i] = policy_saturate(values[i], POLICY_NORMALIZED_BOUND);
#endif
    }
}
#endif

static void policy_forward(policy_state *state)
{
#ifdef POLICY_NORMALIZED
    policy_normalize(state->input);
#endif
/* telic: forward */
}

/* The policy on state->input, which is saturated in place. Takes the same instructions for every input. */
static uint32_t policy_infer(policy_state *state, uint32_t fault, float action[POLICY_ACTIONS])
{
    uint32_t greatest = 0u;
    uint32_t saturated = 0u;
    for (size_t i = 0u; i < POLICY_OBSERVATION; ++i) {
        const uint32_t magnitude = policy_bits(state->input[i]) & 0x7fffffffu;
        greatest = (magnitude > greatest) ? magnitude : greatest;
        saturated |= (policy_bounds[i] - magnitude) >> 31;
        state->input[i] = policy_saturate(state->input[i], policy_bounds[i]);
    }
    uint32_t status = fault | ((greatest >= 0x7f800000u) ? POLICY_INPUT_NOT_FINITE : 0u);
    status |= saturated * POLICY_INPUT_SATURATED;

    policy_forward(state);

    const uint32_t safe = ((status & POLICY_FAULT) != 0u) ? 0xffffffffu : 0u;
    uint32_t limited = 0u;
    for (size_t i = 0u; i < POLICY_ACTIONS; ++i) {
        const float raw = state->raw[i];
        const float above = policy_choose((uint32_t)(raw < policy_low[i]), policy_low[i], raw);
        const float within = policy_choose((uint32_t)(above > policy_high[i]), policy_high[i], above);
        limited |= policy_bits(raw) ^ policy_bits(within);
        action[i] = policy_value((policy_bits(policy_safe[i]) & safe) | (policy_bits(within) & ~safe));
    }
    return status | ((limited != 0u) ? POLICY_OUTPUT_LIMITED : 0u);
}

uint32_t policy_evaluate(policy_state *state, const float observation[POLICY_OBSERVATION],
                         float action[POLICY_ACTIONS])
{
    policy_copy(observation, POLICY_OBSERVATION, state->input);
    return policy_infer(state, POLICY_OK, action);
}

void policy_reset(policy_state *state)
{
    for (size_t i = 0u; i < POLICY_HISTORY_SLOTS; ++i) {
        policy_copy(policy_initial, POLICY_ACTIONS, &state->history[i * POLICY_ACTIONS]);
    }
    state->last_us = 0u;
    state->window_us = 0u;
    state->rate_us = 0u;
    state->rate_intervals = 0u;
    state->window_steps = 0u;
    state->held_status = POLICY_OK;
    state->started = 0u;
}

void policy_init(policy_state *state)
{
    for (size_t i = 0u; i < POLICY_OBSERVATION; ++i) {
        state->input[i] = 0.0f;
    }
    for (size_t i = 0u; i < POLICY_WIDTH; ++i) {
        state->hidden[0][i] = 0.0f;
        state->hidden[1][i] = 0.0f;
    }
    for (size_t i = 0u; i < POLICY_ACTIONS; ++i) {
        state->raw[i] = 0.0f;
    }
    policy_reset(state);
}

/* Judge the interval since the last step, and decide whether a step at the rate of training is due. */
static uint32_t policy_tick(policy_state *state, uint64_t now_us)
{
    uint32_t status = POLICY_OK;
    if (state->started == 0u) {
        state->started = 1u;
        state->window_us = now_us;
        state->rate_us = now_us;
        state->last_us = now_us;
        return POLICY_NATIVE_STEP;
    }
    const uint64_t interval = now_us - state->last_us;
    state->last_us = now_us;
    if ((interval < POLICY_SHORTEST_US) || (interval > POLICY_LONGEST_US)) {
        status |= POLICY_JITTER;
    }
    state->rate_intervals += 1u;
    if (state->rate_intervals == POLICY_RATE_INTERVALS) {
        const uint64_t span = now_us - state->rate_us;
        const uint64_t shortest = (uint64_t)POLICY_RATE_INTERVALS * POLICY_SHORTEST_US;
        const uint64_t longest = (uint64_t)POLICY_RATE_INTERVALS * POLICY_LONGEST_US;
        state->held_status &= ~POLICY_RATE_BIAS;
        if ((span < shortest) || (span > longest)) {
            state->held_status |= POLICY_RATE_BIAS;
        }
        state->rate_us = now_us;
        state->rate_intervals = 0u;
    }
    const uint64_t elapsed = (now_us - state->window_us) + (POLICY_EXECUTION_PERIOD_US / 2u);
    if (elapsed >= (2u * (uint64_t)POLICY_PERIOD_US)) {
        state->window_us = now_us; /* Steps were missed: start again from here. */
        status |= POLICY_NATIVE_STEP;
    } else if (elapsed >= POLICY_PERIOD_US) {
        state->window_us += POLICY_PERIOD_US;
        status |= POLICY_NATIVE_STEP;
    } else {
        /* Between two steps of training: the history stays where it is. */
    }
    return status;
}

#ifdef POLICY_ENVELOPE
/* What is not finite is another fault, and must not latch this one. */
static int policy_finite(float value)
{
    return (policy_bits(value) & 0x7fffffffu) < 0x7f800000u;
}
#endif

static uint32_t policy_envelope(const float inputs[POLICY_INPUTS])
{
    uint32_t status = POLICY_OK;
#ifdef POLICY_POSITION_AT
    for (size_t i = POLICY_POSITION_AT; i < (POLICY_POSITION_AT + 3u); ++i) {
        if (policy_finite(inputs[i]) && ((inputs[i] > POLICY_GREATEST_ERROR) || (inputs[i] < -POLICY_GREATEST_ERROR))) {
            status |= POLICY_POSITION_LIMIT;
        }
    }
#endif
#ifdef POLICY_UPRIGHT_AT
    if (policy_finite(inputs[POLICY_UPRIGHT_AT]) && (inputs[POLICY_UPRIGHT_AT] < POLICY_LEAST_UPRIGHT)) {
        status |= POLICY_TILT_LIMIT;
    }
#endif
    (void)inputs;
    return status;
}

/* The first slot is the running mean of the actions in the current step of training; a native step begins a new slot. */
static void policy_remember(policy_state *state, const float *applied, uint32_t native)
{
    if (native != 0u) {
        for (size_t i = (POLICY_HISTORY_SLOTS * POLICY_ACTIONS) - 1u; i >= POLICY_ACTIONS; --i) {
            state->history[i] = state->history[i - POLICY_ACTIONS];
        }
        policy_copy(applied, POLICY_ACTIONS, state->history);
        state->window_steps = 1u;
    } else {
        state->window_steps += 1u;
        for (size_t i = 0u; i < POLICY_ACTIONS; ++i) {
            state->history[i] += (applied[i] - state->history[i]) / (float)state->window_steps;
        }
    }
}

uint32_t policy_step(policy_state *state, uint64_t now_us, uint64_t measured_us, const float inputs[POLICY_INPUTS],
                     float action[POLICY_ACTIONS])
{
    if ((state->started != 0u) && (now_us <= state->last_us)) {
        policy_copy(policy_safe, POLICY_ACTIONS, action);
        return state->held_status | POLICY_TIME_BACKWARDS;
    }
    uint32_t status = policy_tick(state, now_us);
    if ((measured_us > now_us) || ((now_us - measured_us) > POLICY_TIMEOUT_US)) {
        status |= POLICY_INPUT_STALE;
    }
    state->held_status |= policy_envelope(inputs);
    status |= state->held_status;

    policy_copy(inputs, POLICY_HISTORY_AT, state->input);
    policy_copy(state->history, POLICY_HISTORY_SIZE, &state->input[POLICY_HISTORY_AT]);
    policy_copy(&inputs[POLICY_HISTORY_AT], POLICY_INPUTS - POLICY_HISTORY_AT,
                &state->input[POLICY_HISTORY_AT + POLICY_HISTORY_SIZE]);
#ifdef POLICY_SCALED
    for (size_t i = 0u; i < POLICY_OBSERVATION; ++i) {
        state->input[i] *= policy_scales[i];
    }
#endif
    status |= policy_infer(state, status, action);

#ifdef POLICY_HISTORY_RAW
    const float *applied = ((status & POLICY_FAULT) != 0u) ? action : state->raw;
#else
    const float *applied = action;
#endif
    policy_remember(state, applied, status & POLICY_NATIVE_STEP);
    return status;
}

/* FNV-1a over 32-bit words: every step is a bijection, so one changed word always changes the result. */
static uint32_t policy_checksum(uint32_t sum, const float *values, size_t count)
{
    for (size_t i = 0u; i < count; ++i) {
        sum = (sum ^ policy_bits(values[i])) * 16777619u;
    }
    return sum;
}

static uint32_t policy_executor_checksum(policy_state *state)
{
    float inputs[POLICY_INPUTS];
    float action[POLICY_ACTIONS];
    uint32_t sum = 2166136261u;
    policy_reset(state);
    for (uint32_t tick = 0u; tick < POLICY_TEST_STEPS; ++tick) {
        const float *golden = policy_golden_observations[tick % POLICY_GOLDEN];
        const uint64_t now_us = (uint64_t)tick * POLICY_EXECUTION_PERIOD_US;
        policy_copy(golden, POLICY_HISTORY_AT, inputs);
        policy_copy(&golden[POLICY_HISTORY_AT + POLICY_HISTORY_SIZE], POLICY_INPUTS - POLICY_HISTORY_AT,
                    &inputs[POLICY_HISTORY_AT]);
        const uint32_t status = policy_step(state, now_us, now_us, inputs, action);
        state->held_status = POLICY_OK; /* One vector outside the envelope must not hide the others. */
        sum = policy_checksum((sum ^ status) * 16777619u, action, POLICY_ACTIONS);
    }
    policy_reset(state);
    return sum;
}

uint32_t policy_self_test(policy_state *state)
{
    float action[POLICY_ACTIONS];
    uint32_t sum = 2166136261u;
/* telic: checksum */
    if (sum != POLICY_WEIGHTS_CHECKSUM) {
        return 1u;
    }
    for (uint32_t i = 0u; i < POLICY_GOLDEN; ++i) {
        uint32_t difference = 0u;
        (void)policy_evaluate(state, policy_golden_observations[i], action);
        for (size_t k = 0u; k < POLICY_ACTIONS; ++k) {
            difference |= policy_bits(action[k]) ^ policy_bits(policy_golden_actions[i][k]);
        }
        if (difference != 0u) {
            policy_reset(state);
            return 3u + i;
        }
    }
    return (policy_executor_checksum(state) == POLICY_EXECUTOR_CHECKSUM) ? 0u : 2u;
}

const char *policy_contract_hash(void)
{
    return POLICY_CONTRACT_HASH;
}
