"""Hostile input: mutated recordings, what they must come to, and the fuzzers."""
