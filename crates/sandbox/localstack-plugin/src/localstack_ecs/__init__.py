"""Emulators for what the open-source LocalStack lacks and the sandbox needs.

Every module imports LocalStack or moto; nothing here runs outside LocalStack's own process, but
the functions that the executor starts. README.md lists what is real and what only looks so.
"""
