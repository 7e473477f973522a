/* Stand-in: the microsecond clock. */
#ifndef STANDIN_USEC_TIME_H
#define STANDIN_USEC_TIME_H

#include <stdint.h>

uint64_t usecTimestamp(void);

#endif
