"""CloudFormation resource types that LocalStack lacks or gets wrong.

`plugins` is what the entry points name; each other module holds the types of one kind.
"""
