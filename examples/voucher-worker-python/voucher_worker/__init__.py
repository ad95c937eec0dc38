"""A worker: receives messages from SQS queues, checks them, and deletes them when they are done."""
