/* Stand-in: the kernel's types, and the firmware's milliseconds in ticks of 1000 Hz. */
#ifndef STANDIN_FREERTOS_H
#define STANDIN_FREERTOS_H

#include <stdint.h>

typedef uint32_t TickType_t;

#define M2T(X) ((unsigned int)(X))

#endif
