"""CloudFormation resource types that LocalStack lacks or implements incorrectly.

The entry points refer to `plugins`. Each other module contains the types of one kind.
"""
