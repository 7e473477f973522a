/* Stand-in: the console. */
#ifndef STANDIN_DEBUG_H
#define STANDIN_DEBUG_H

int consolePrintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define DEBUG_PRINT(FORMAT, ...) ((void)consolePrintf(DEBUG_MODULE ": " FORMAT, ##__VA_ARGS__))

#endif
