obj-y += controller_telic.o
obj-y += policy.o
obj-y += policy_safety.o
obj-y += telic_convert.o

# The firmware's -std=gnu11 would fuse multiplications with additions, which rounds differently from the reference:
# the self-test of the policy fails without these flags.
ccflags-y += -O3 -ffp-contract=off
