/* What the test harness needs from the machine it runs on: a file to read, a file to write, a counter. */
#ifndef TELIC_HARNESS_H
#define TELIC_HARNESS_H

#include <stddef.h>
#include <stdint.h>

/* Returns 1 when all bytes were read, 0 at the end of the file. */
int board_read(void *to, size_t bytes);
void board_write(const void *from, size_t bytes);

/* A counter that advances with the executed instructions; 0 where there is none. */
void board_count_start(void);
uint32_t board_count(void);

/* Fill the free stack with a pattern, then see how deep a call went [bytes]; 0 where that is not known. */
void board_stack_paint(void);
uint32_t board_stack_used(void);

int harness_main(void);

#endif
