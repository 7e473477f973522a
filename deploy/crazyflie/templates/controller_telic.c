/* The out-of-tree controller of the Crazyflie firmware, exported by Telic: the policy, or the stock PID controller.
 *
 * The stock controller flies until telic.enable is set. Then the policy flies, as long as setpoints keep coming and its
 * own status is good. On any fault the stock controller takes over and keeps the vehicle until telic.enable was 0.
 */
#include <stdbool.h>
#include <stdint.h>

#include "FreeRTOS.h"
#include "app.h"
#include "controller.h"
#include "controller_pid.h"
#include "log.h"
#include "param.h"
#include "policy.h"
#include "policy_safety.h"
#include "task.h"
#include "telic_convert.h"
#include "usec_time.h"

#define DEBUG_MODULE "TELIC"
#include "debug.h"

/* Firmware of 2023 passes a tick count and a setpoint that is not const: build with -DTELIC_TICK_SIGNATURE. */
#ifdef TELIC_TICK_SIGNATURE
typedef uint32_t stabilizerStep_t;
typedef setpoint_t telic_setpoint;
#else
typedef const setpoint_t telic_setpoint;
#endif

/* telic: data */

/* A setpoint that is older does not prove that anybody is in command [ms]. */
#define TELIC_DEAD_MAN_MS 200u

#if POLICY_EXECUTION_PERIOD_US != (1000000u / TELIC_RATE_HZ)
#error "policy.h was exported for another rate than this controller"
#endif

typedef enum {
    TELIC_STOCK = 0,  /* The stock controller flies. */
    TELIC_POLICY = 1, /* The policy flies. */
    TELIC_FAULT = 2,  /* The stock controller flies, because the policy had a fault. */
    TELIC_REFUSED = 3 /* The self-test failed: the policy never flies. */
} telic_mode;

static struct {
    policy_state policy;
    policy_safety_state safety;
    float inputs[POLICY_INPUTS];
    float action[POLICY_ACTIONS];
    float sent[POLICY_ACTIONS];
    uint8_t enable; /* Parameter. */
    uint8_t mode;   /* A telic_mode, in the type of the log. */
    uint8_t flying; /* Whether the last output was the policy's. */
    uint8_t tested;
    uint32_t policy_status;
    uint32_t safety_status;
    uint32_t self_test;
    uint32_t evaluation_us;
} telic;

/* What the stock controller is shown to make it forget its integrators: nothing to do, no thrust. */
static setpoint_t telic_nothing;

void controllerOutOfTreeInit(void)
{
    controllerPidInit();
    policy_init(&telic.policy);
    if (telic.tested == 0u) { /* Once, at the start: it takes too long for a change of controllers in the air. */
        telic.self_test = policy_self_test(&telic.policy);
        telic.tested = 1u;
    }
    telic.mode = (telic.self_test == 0u) ? TELIC_STOCK : TELIC_REFUSED;
    telic.flying = 0u;
}

bool controllerOutOfTreeTest(void)
{
    return controllerPidTest() && (telic.tested != 0u) && (telic.self_test == 0u);
}

static bool telic_is_wanted(const setpoint_t *setpoint)
{
    if ((telic.enable == 0u) && (telic.mode != TELIC_REFUSED)) {
        telic.mode = TELIC_STOCK;
    }
    const bool allowed = (telic.enable != 0u) && ((telic.mode == TELIC_STOCK) || (telic.mode == TELIC_POLICY));
    const bool fresh = (xTaskGetTickCount() - setpoint->timestamp) < M2T(TELIC_DEAD_MAN_MS);
    return allowed && fresh && telic_can_follow(setpoint);
}

/* One step of the policy. Returns false, and has sent nothing, on a fault. */
static bool telic_fly(control_t *control, const setpoint_t *setpoint, const sensorData_t *sensors, const state_t *state)
{
    const uint64_t now_us = usecTimestamp();
    const uint64_t stamp_us = sensors->interruptTimestamp;
    const uint64_t measured_us = ((stamp_us == 0u) || (stamp_us > now_us)) ? now_us : stamp_us;
    if (telic.flying == 0u) {
        policy_reset(&telic.policy);
        policy_safety_reset(&telic.safety, telic_initial_action);
    }
    if (!telic_observe(state, sensors, setpoint, telic.inputs)) {
        telic.policy_status = POLICY_INPUT_NOT_FINITE;
        return false;
    }
    telic.policy_status = policy_step(&telic.policy, now_us, measured_us, telic.inputs, telic.action);
    telic.safety_status =
        policy_safety_step(&telic.safety, telic.action, telic.inputs, now_us - measured_us, telic.sent);
    telic.evaluation_us = (uint32_t)(usecTimestamp() - now_us);
    if (((telic.policy_status & POLICY_FAULT) != 0u) || ((telic.safety_status & POLICY_SAFETY_FAULT) != 0u)) {
        return false;
    }
    control->controlMode = controlModeForce;
    telic_forces(telic.sent, control->normalizedForces);
    return true;
}

static void telic_fly_stock(control_t *control, telic_setpoint *setpoint, const sensorData_t *sensors,
                            const state_t *state, stabilizerStep_t step)
{
    if (telic.flying != 0u) {
        control_t unused;
        controllerPid(&unused, &telic_nothing, sensors, state, 0u);
        step = 0u; /* All its loops run now, not only when their rate comes round. */
        telic.flying = 0u;
    }
    controllerPid(control, setpoint, sensors, state, step);
}

void controllerOutOfTree(control_t *control, telic_setpoint *setpoint, const sensorData_t *sensors,
                         const state_t *state, const stabilizerStep_t step)
{
    const bool due = RATE_DO_EXECUTE(TELIC_RATE_HZ, step);
    if (telic_is_wanted(setpoint)) {
        if ((telic.flying != 0u) && !due) {
            return; /* The motors keep what the policy sent last. */
        }
        if (due && telic_fly(control, setpoint, sensors, state)) {
            telic.mode = TELIC_POLICY;
            telic.flying = 1u;
            return;
        }
        telic.mode = due ? (uint8_t)TELIC_FAULT : telic.mode;
    } else if (telic.mode == TELIC_POLICY) {
        telic.mode = TELIC_STOCK;
    } else {
        /* A fault stays. */
    }
    telic_fly_stock(control, setpoint, sensors, state, step);
}

/* The application task only talks: the controller must never wait for the console. */
void appMain(void)
{
    static const char *const names[] = {"stock controller", "policy", "fault: stock controller", "self-test failed"};
    uint8_t said = 255u;
    DEBUG_PRINT("%s, contract %s\n", POLICY_NAME, policy_contract_hash());
    while (1) {
        const uint8_t mode = telic.mode;
        if (mode != said) {
            DEBUG_PRINT("%s (policy %u, safety %u, self-test %u)\n", names[mode], (unsigned int)telic.policy_status,
                        (unsigned int)telic.safety_status, (unsigned int)telic.self_test);
            said = mode;
        }
        vTaskDelay(M2T(100));
    }
}

PARAM_GROUP_START(telic)
PARAM_ADD(PARAM_UINT8, enable, &telic.enable)
PARAM_GROUP_STOP(telic)

LOG_GROUP_START(telic)
LOG_ADD(LOG_UINT8, mode, &telic.mode)
LOG_ADD(LOG_UINT32, policy, &telic.policy_status)
LOG_ADD(LOG_UINT32, safety, &telic.safety_status)
LOG_ADD(LOG_UINT32, selfTest, &telic.self_test)
LOG_ADD(LOG_UINT32, evalUs, &telic.evaluation_us)
LOG_ADD(LOG_FLOAT, m1, &telic.sent[0])
LOG_ADD(LOG_FLOAT, m2, &telic.sent[1])
LOG_ADD(LOG_FLOAT, m3, &telic.sent[2])
LOG_ADD(LOG_FLOAT, m4, &telic.sent[3])
LOG_GROUP_STOP(telic)
