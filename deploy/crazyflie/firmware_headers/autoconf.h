/* Stand-in: the firmware's generated configuration. Battery compensation is the default of a brushed Crazyflie. */
#ifndef STANDIN_AUTOCONF_H
#define STANDIN_AUTOCONF_H

#define CONFIG_PLATFORM_CF2 1
#define CONFIG_CONTROLLER_OOT 1
#ifndef STANDIN_NO_COMPENSATION
#define CONFIG_ENABLE_THRUST_BAT_COMPENSATED 1
#endif

#endif
