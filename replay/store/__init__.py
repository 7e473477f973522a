"""The replay on disk: a folder that several processes append to and any number of readers map into memory."""
