/* The firmware around the controller, for tests on a desktop: its clocks, and a stock controller that says what it saw. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "FreeRTOS.h"
#include "controller_pid.h"
#include "task.h"
#include "usec_time.h"

uint64_t fake_now_us;
uint32_t fake_stock_calls;
uint32_t fake_stock_resets; /* Calls without thrust, in which the real one forgets its integrators. */
uint32_t fake_stock_step;
char fake_console[4096];

uint64_t usecTimestamp(void)
{
    return fake_now_us;
}

TickType_t xTaskGetTickCount(void)
{
    return (TickType_t)(fake_now_us / 1000u);
}

void vTaskDelay(const TickType_t ticks)
{
    (void)ticks;
}

void controllerPidInit(void)
{
}

bool controllerPidTest(void)
{
    return true;
}

void controllerPid(control_t *control, const setpoint_t *setpoint, const sensorData_t *sensors, const state_t *state,
                   const stabilizerStep_t stabilizerStep)
{
    (void)sensors;
    (void)state;
    const bool nothing = (setpoint->mode.z == modeDisable) && (setpoint->thrust == 0.0f);
    fake_stock_calls += 1u;
    fake_stock_resets += nothing ? 1u : 0u;
    fake_stock_step = stabilizerStep;
    memset(control, 0, sizeof(*control));
    control->controlMode = controlModeLegacy;
    control->thrust = nothing ? 0.0f : 36000.0f;
}

int consolePrintf(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const size_t used = strlen(fake_console);
    const int written = vsnprintf(&fake_console[used], sizeof(fake_console) - used, format, arguments);
    va_end(arguments);
    return written;
}
