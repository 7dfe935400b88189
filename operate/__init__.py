"""What the on-call engineer runs, on AWS and against the local engine alike."""
