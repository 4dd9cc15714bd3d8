"""Random valid files for Fuzzing/agree.py, with the answers that the format demands."""
