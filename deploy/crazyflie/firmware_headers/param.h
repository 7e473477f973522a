/* Stand-in: parameters are rows of a table per group, which a test can read. Types are checked against variables. */
#ifndef STANDIN_PARAM_H
#define STANDIN_PARAM_H

#include <stdint.h>

struct param_s {
    uint8_t type;
    const char *name;
    void *address;
};

#define PARAM_UINT8 8

/* 1, or a division by zero that does not compile. */
#define STANDIN_PARAM_IS(TYPE, ADDRESS) _Generic((ADDRESS), uint8_t *: (TYPE) == PARAM_UINT8)

#define PARAM_GROUP_START(NAME) const struct param_s standin_param_##NAME[] = {
#define PARAM_ADD(TYPE, NAME, ADDRESS) {(TYPE) / STANDIN_PARAM_IS(TYPE, ADDRESS), #NAME, (ADDRESS)},
#define PARAM_GROUP_STOP(NAME) {0, (void *)0, (void *)0}};

#endif
