"""Tests of accelerate(): programs that use an SDK see the same, only faster."""
