/* Stand-in: the kernel's clock. */
#ifndef STANDIN_TASK_H
#define STANDIN_TASK_H

#include "FreeRTOS.h"

TickType_t xTaskGetTickCount(void);
void vTaskDelay(const TickType_t ticks);

#endif
