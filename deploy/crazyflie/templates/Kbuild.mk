obj-y += src/
