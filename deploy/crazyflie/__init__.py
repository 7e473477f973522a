"""The policy as an out-of-tree controller of the Crazyflie firmware."""
