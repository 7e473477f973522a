/* Stand-in: constants of the platform, those of the Crazyflie 2.1. */
#ifndef STANDIN_PLATFORM_DEFAULTS_H
#define STANDIN_PLATFORM_DEFAULTS_H

#include "autoconf.h"

#define THRUST_MAX 0.1125f /* One rotor [N]. */

#endif
