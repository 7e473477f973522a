/* The harness on a desktop: vectors.bin in, results.bin out. */
#include <stdio.h>
#include <stdlib.h>

#include "harness.h"

static FILE *input;
static FILE *output;

int board_read(void *to, size_t bytes)
{
    return fread(to, 1u, bytes, input) == bytes;
}

void board_write(const void *from, size_t bytes)
{
    if (fwrite(from, 1u, bytes, output) != bytes) {
        exit(EXIT_FAILURE);
    }
}

void board_count_start(void)
{
}

uint32_t board_count(void)
{
    return 0u;
}

void board_stack_paint(void)
{
}

uint32_t board_stack_used(void)
{
    return 0u;
}

int main(void)
{
    input = fopen("vectors.bin", "rb");
    output = fopen("results.bin", "wb");
    if ((input == NULL) || (output == NULL)) {
        return EXIT_FAILURE;
    }
    const int result = harness_main();
    return (fclose(output) == 0) ? result : EXIT_FAILURE;
}
