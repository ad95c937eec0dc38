"""Emulators for services that the open-source LocalStack lacks and the sandbox needs.

Every module imports LocalStack or moto; nothing here runs outside LocalStack's own process, except
the functions that the executor starts. README.md lists the differences from AWS.
"""
