/* The harness on a bare Cortex-M4F or M7: start-up, semihosting files, SysTick as counter. No C library. */
#include "harness.h"

#define SYS_OPEN 0x01u
#define SYS_WRITE 0x05u
#define SYS_READ 0x06u
#define SYS_EXIT_EXTENDED 0x20u
#define MODE_READ_BINARY 1u
#define MODE_WRITE_BINARY 5u
#define EXIT_REASON_APPLICATION 0x20026u
#define EXIT_CODE_FAULT 99u
#define EXIT_CODE_FILE 98u

#define STACK_PATTERN 0xa5a5a5a5u
#define STACK_PAINTED_WORDS 2048u
#define SYSTICK_LARGEST 0x00ffffffu

typedef struct {
    uint32_t control;
    uint32_t reload;
    uint32_t value;
} systick;

static volatile systick *const timer = (volatile systick *)0xe000e010u;

static uint32_t input_file;
static uint32_t output_file;
static volatile uint32_t *stack_top;

extern uint32_t link_data_load[], link_data_start[], link_data_end[], link_bss_start[], link_bss_end[], link_stack_top[];

void reset_handler(void);
void fault_handler(void);
void start(void);

/* The compiler may call these even without a C library. */
void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);

void *memcpy(void *to, const void *from, size_t bytes)
{
    volatile uint8_t *target = to;
    const uint8_t *source = from;
    while (bytes > 0u) {
        *target++ = *source++;
        --bytes;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
    volatile uint8_t *target = to;
    const uint8_t *source = from;
    if (target <= source) {
        return memcpy(to, from, bytes);
    }
    while (bytes > 0u) {
        --bytes;
        target[bytes] = source[bytes];
    }
    return to;
}

void *memset(void *to, int value, size_t bytes)
{
    volatile uint8_t *target = to;
    while (bytes > 0u) {
        *target++ = (uint8_t)value;
        --bytes;
    }
    return to;
}

static uint32_t semihosting(uint32_t operation, const void *arguments)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = arguments;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void leave(uint32_t code)
{
    const uint32_t arguments[2] = {EXIT_REASON_APPLICATION, code};
    for (;;) {
        (void)semihosting(SYS_EXIT_EXTENDED, arguments);
    }
}

static uint32_t open_file(const char *name, uint32_t length, uint32_t mode)
{
    const uint32_t arguments[3] = {(uint32_t)name, mode, length};
    const uint32_t file = semihosting(SYS_OPEN, arguments);
    if (file == 0xffffffffu) {
        leave(EXIT_CODE_FILE);
    }
    return file;
}

int board_read(void *to, size_t bytes)
{
    const uint32_t arguments[3] = {input_file, (uint32_t)to, bytes};
    return semihosting(SYS_READ, arguments) == 0u;
}

void board_write(const void *from, size_t bytes)
{
    const uint32_t arguments[3] = {output_file, (uint32_t)from, bytes};
    if (semihosting(SYS_WRITE, arguments) != 0u) {
        leave(EXIT_CODE_FILE);
    }
}

void board_count_start(void)
{
    timer->value = 0u; /* Reloads with the largest value. */
}

uint32_t board_count(void)
{
    return SYSTICK_LARGEST - timer->value;
}

void board_stack_paint(void)
{
    stack_top = __builtin_frame_address(0);
    for (uint32_t i = 8u; i < STACK_PAINTED_WORDS; ++i) {
        *(stack_top - i) = STACK_PATTERN;
    }
}

uint32_t board_stack_used(void)
{
    uint32_t words = STACK_PAINTED_WORDS;
    while ((words > 8u) && (*(stack_top - (words - 1u)) == STACK_PATTERN)) {
        --words;
    }
    return 4u * (words - 1u);
}

void start(void)
{
    uint32_t *from = link_data_load;
    for (uint32_t *to = link_data_start; to != link_data_end; ++to) {
        *to = *from;
        ++from;
    }
    for (uint32_t *to = link_bss_start; to != link_bss_end; ++to) {
        *to = 0u;
    }
    timer->reload = SYSTICK_LARGEST;
    timer->value = 0u;
    timer->control = 5u; /* Enabled, processor clock, no interrupt. */
    input_file = open_file("vectors.bin", 11u, MODE_READ_BINARY);
    output_file = open_file("results.bin", 11u, MODE_WRITE_BINARY);
    leave((uint32_t)harness_main());
}

/* The floating-point unit must be on before any compiled function runs. */
__attribute__((naked)) void reset_handler(void)
{
    __asm__ volatile(
        "ldr r0, =0xe000ed88\n"
        "ldr r1, [r0]\n"
        "orr r1, r1, #0x00f00000\n"
        "str r1, [r0]\n"
        "dsb\n"
        "isb\n"
        "b start\n");
}

void fault_handler(void)
{
    leave(EXIT_CODE_FAULT);
}

typedef union {
    const void *stack;
    void (*handler)(void);
} vector;

__attribute__((section(".vectors"), used)) static const vector vectors[16] = {
    {.stack = link_stack_top},   {.handler = reset_handler}, {.handler = fault_handler}, {.handler = fault_handler},
    {.handler = fault_handler},  {.handler = fault_handler}, {.handler = fault_handler}, {.handler = fault_handler},
    {.handler = fault_handler},  {.handler = fault_handler}, {.handler = fault_handler}, {.handler = fault_handler},
    {.handler = fault_handler},  {.handler = fault_handler}, {.handler = fault_handler}, {.handler = fault_handler},
};
