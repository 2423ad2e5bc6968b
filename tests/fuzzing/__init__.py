"""Fuzzing, guided by the coverage of the code: `make fuzz`.

A target is a module of `targets` with `check(data)`: it does what a program does with the bytes, raises if a promise is
broken, and returns how many times it read a stream. `run.py` gives a target to libFuzzer, `__main__.py` runs them all
and counts. `seeds/` holds what was found, minimised; `tests/fuzzing/test_seeds.py` runs it with the other tests.
"""
