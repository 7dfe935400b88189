"""The page of `make up`: executions as they go by, the recordings with their sound, uploads and faults by hand."""
