"""The HTTP API of officers and machines, under `/api/v1`."""
