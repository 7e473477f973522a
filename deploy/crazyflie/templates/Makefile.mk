# Builds the Crazyflie firmware with the policy as its out-of-tree controller.
CRAZYFLIE_BASE ?= $(HOME)/crazyflie-firmware

ifeq ($(wildcard $(CRAZYFLIE_BASE)/tools/make/oot.mk),)
$(error There is no Crazyflie firmware at $(CRAZYFLIE_BASE). Get it with \
'git clone --recursive https://github.com/bitcraze/crazyflie-firmware', or name yours: make CRAZYFLIE_BASE=/path)
endif

OOT_CONFIG := $(PWD)/app-config

include $(CRAZYFLIE_BASE)/tools/make/oot.mk
