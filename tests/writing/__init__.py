"""Tests of what ssescan writes: the writers, and the forms of answers and errors that are not streams."""
