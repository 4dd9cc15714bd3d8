"""Hostile files for Fuzzing/agree.py."""
