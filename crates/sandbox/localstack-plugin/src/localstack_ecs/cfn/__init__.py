"""CloudFormation resource types: those that LocalStack lacks, and those that it gets wrong.

`plugins` is what the entry points name; each other module holds the types of one kind.
"""
