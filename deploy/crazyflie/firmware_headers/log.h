/* Stand-in: log variables are rows of a table per group, which a test can read. Types are checked against variables. */
#ifndef STANDIN_LOG_H
#define STANDIN_LOG_H

#include <stdint.h>

struct log_s {
    uint8_t type;
    const char *name;
    void *address;
};

#define LOG_UINT8 1
#define LOG_UINT32 3
#define LOG_FLOAT 7

/* 1, or a division by zero that does not compile. */
#define STANDIN_LOG_IS(TYPE, ADDRESS)                                                                                  \
    _Generic((ADDRESS), uint8_t *: (TYPE) == LOG_UINT8, uint32_t *: (TYPE) == LOG_UINT32, float *: (TYPE) == LOG_FLOAT)

#define LOG_GROUP_START(NAME) const struct log_s standin_log_##NAME[] = {
#define LOG_ADD(TYPE, NAME, ADDRESS) {(TYPE) / STANDIN_LOG_IS(TYPE, ADDRESS), #NAME, (ADDRESS)},
#define LOG_GROUP_STOP(NAME) {0, (void *)0, (void *)0}};

#endif
